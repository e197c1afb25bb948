/** Lists with a kept place that the page shows now, by the name of the place. */

/** Scrolls until the row stands below the head; false as long as the list has no such row. */
type ScrollToRow = (index: number) => boolean;

const shown = new Map<string, ScrollToRow>();

/** Keeps how a list is scrolled, until what is returned is called. */
export function showList(keep: string, scroll: ScrollToRow): () => void {
  shown.set(keep, scroll);
  return () => {
    if (shown.get(keep) === scroll) shown.delete(keep);
  };
}

/** Scrolls the list; false where it is not shown, or has no such row yet. */
export function scrollList(keep: string, index: number): boolean {
  return shown.get(keep)?.(index) ?? false;
}
