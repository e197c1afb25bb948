/** The rows of the list in the window, as `VirtualList` writes them into the page. */

const ROWS = "[role=feed] [data-index]";
const HEADER = "[data-back]";
const MAX_STEPS = 30;
/** Rows are measured when they come, which may move them by less than this. */
const CLOSE_PX = 2;

function rowElements(): { index: number; element: HTMLElement }[] {
  return [...document.querySelectorAll<HTMLElement>(ROWS)].map((element) => ({
    index: Number(element.dataset["index"]),
    element,
  }));
}

/** The lower edge of the sticky head, below which rows are visible. */
function headerEnd(): number {
  return document.querySelector(HEADER)?.getBoundingClientRect().bottom ?? 0;
}

/** The index of the first row that is visible. */
export function firstVisibleRow(): number | undefined {
  const top = headerEnd();
  return rowElements().find(({ element }) => element.getBoundingClientRect().bottom > top + 1)?.index;
}

/** Scrolls until a row stands below the head. Rows far away do not exist, so it comes nearer step by step. */
export async function scrollToRow(index: number): Promise<void> {
  let close = 0;
  for (let step = 0; step < MAX_STEPS && close < 2; step++) {
    const rows = rowElements();
    const row = rows.find((each) => each.index === index);
    const by = row ? row.element.getBoundingClientRect().top - headerEnd() : estimatedDistance(rows, index);
    close = row && Math.abs(by) < CLOSE_PX ? close + 1 : 0;
    const before = scrollY;
    if (close === 0) scrollBy({ top: by, behavior: "instant" });
    // The end of the page is as near as it gets.
    if (row && close === 0 && scrollY === before) break;
    await new Promise(requestAnimationFrame);
  }
  const found = rowElements().find((each) => each.index === index);
  found?.element.querySelector<HTMLElement>("[data-post-card]")?.focus({ preventScroll: true });
}

function estimatedDistance(rows: { index: number; element: HTMLElement }[], index: number): number {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return 0;
  const start = first.element.getBoundingClientRect().top;
  const height = (last.element.getBoundingClientRect().bottom - start) / rows.length;
  return start - headerEnd() + (index - first.index) * height;
}
