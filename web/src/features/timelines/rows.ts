/** The rows of the list in the window, as `VirtualList` writes them into the page. */

import { scrollList } from "../../design/lists";

const ROWS = "[role=feed] [data-index]";
const HEADER = "[data-back]";
/** The home has its place under this name. */
export const HOME = "home";
/** No more frames than this are waited for: some seconds. */
const MAX_FRAMES = 300;
/** The list has arrived when it stood still for so many frames. */
const REST_FRAMES = 5;

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

/**
 * Scrolls the home until a row stands below the head, and focuses its post.
 *
 * Rows far away do not exist, and their heights are estimates: the list goes there in some steps.
 */
export async function scrollToRow(index: number): Promise<void> {
  // A page that was read is in the list after the next render.
  for (let frame = 0; !scrollList(HOME, index); frame++) {
    if (frame === MAX_FRAMES) return;
    await nextFrame();
  }
  let row: HTMLElement | undefined;
  let rested = 0;
  let before = NaN;
  for (let frame = 0; frame < MAX_FRAMES && rested < REST_FRAMES; frame++) {
    await nextFrame();
    row = rowElements().find((each) => each.index === index)?.element;
    rested = row && scrollY === before ? rested + 1 : 0;
    before = scrollY;
  }
  // Heights are no whole pixels: the row stands a part of one below the head, never above.
  if (row) scrollBy({ top: Math.floor(row.getBoundingClientRect().top - headerEnd()), behavior: "instant" });
  row?.querySelector<HTMLElement>("[data-post-card]")?.focus({ preventScroll: true });
}

const nextFrame = () => new Promise(requestAnimationFrame);
