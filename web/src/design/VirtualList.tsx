import { type VirtualItem, useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLocation, useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

import { useText } from "../i18n/messages";
import { type Place, keepPlace, keptPlace } from "../offline/places";
import { Button } from "./Button";
import { showList } from "./lists";
import { Spinner } from "./Spinner";
import styles from "./VirtualList.module.css";

interface VirtualListProps<Item> {
  /** What the list is, for screen readers. */
  label: string;
  items: readonly Item[];
  keyOf: (item: Item) => string;
  render: (item: Item, index: number) => ReactNode;
  /** The height in pixels that a row has until it is measured. */
  estimate?: number;
  /** Reads the next page; absent at the end of the list. */
  onEnd?: (() => void) | undefined;
  /** Whether the next page is on its way. */
  loading?: boolean;
  /** Whether the last read of a page failed: then the reader repeats it. */
  failed?: boolean;
  /** Stands below the last entry. */
  end?: ReactNode;
  /** Keeps the place under this name, so that opening the client again gives it. */
  keep?: string | undefined;
}

/** How many rows before the end the next page is read. */
const READ_AHEAD = 8;

/** How often the place of a list that is scrolled is kept. */
const KEEP_EVERY_MS = 300;
/** Below the first visible row, so many heights are kept as well. */
const ROWS_KEPT_BELOW = 20;

/** The sticky head of the page, below which rows are visible. */
const HEAD = "[data-back]";

/** Whether the page that the client was opened with has been shown: a kept place is for that one. */
let opened = false;

/** The measured rows of lists, by the entry of the history that shows them. */
const places = new Map<string, VirtualItem[]>();
const MAX_PLACES = 50;

/**
 * A list in the window of which only the visible rows exist.
 *
 * Coming back to it by the history gives the exact place: the router restores the offset, and the
 * rows have the heights that were measured before. Growing moves nothing that is visible: at its end,
 * nor above, unless the reader is at its beginning.
 */
export function VirtualList<Item>({
  label,
  items,
  keyOf,
  render,
  estimate = 160,
  onEnd,
  loading = false,
  failed = false,
  end,
  keep,
}: VirtualListProps<Item>) {
  const text = useText();
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [head, setHead] = useState(0);
  const entry = useLocation({ select: (location) => location.state.__TSR_key ?? location.href });
  const place = `${entry} ${label}`;

  const [initial] = useState(() => {
    const rows = places.get(place);
    const kept = rows || opened || keep === undefined ? undefined : keptPlace(keep);
    return { rows: rows ?? rowsOf(kept), kept };
  });
  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimate,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
    overscan: 5,
    scrollMargin: margin,
    scrollPaddingStart: head,
    initialMeasurementsCache: initial.rows,
    initialOffset: () => scrollY,
  });

  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = () => {
      setMargin(Math.round(element.getBoundingClientRect().top + document.documentElement.scrollTop));
      setHead(document.querySelector<HTMLElement>(HEAD)?.offsetHeight ?? 0);
    };
    measure();
    // What stands above the list may change its height.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  useEffect(
    () => () => {
      places.delete(place);
      places.set(place, virtualizer.takeSnapshot());
      const oldest = places.keys().next();
      if (places.size > MAX_PLACES && !oldest.done) places.delete(oldest.value);
    },
    [place, virtualizer],
  );

  // The first visible row before each render stays where it is when entries come or go above it.
  const anchor = useRef<{ key: string; index: number; start: number }>(undefined);
  useLayoutEffect(() => {
    const before = anchor.current;
    if (before && scrollY > margin) {
      const index = items.findIndex((item) => keyOf(item) === before.key);
      const start = virtualizer.measurementsCache[index]?.start;
      if (start !== undefined && index !== before.index) scrollBy({ top: start - before.start, behavior: "instant" });
    }
  }, [items, keyOf, margin, virtualizer]);
  useLayoutEffect(() => {
    const first = virtualizer.getVirtualItems().find((row) => row.end > scrollY);
    const item = first && items[first.index];
    anchor.current = first && item !== undefined ? { ...first, key: keyOf(item) } : undefined;
  });

  const router = useRouter();
  useLayoutEffect(() => {
    opened = true;
    const { kept } = initial;
    const index = kept ? items.findIndex((item) => keyOf(item) === kept.key) : -1;
    const top = list.current?.getBoundingClientRect().top;
    const start = virtualizer.measurementsCache[index]?.start;
    if (!kept || top === undefined || start === undefined) return;
    // The margin is not known to the rows yet.
    const offset = start + top + scrollY - kept.offset;
    const show = () => scrollTo({ top: offset, behavior: "instant" });
    show();
    // The router restores a place of its own, which is that of the window before.
    const unsubscribe = router.subscribe("onRendered", () => {
      unsubscribe();
      show();
    });
    return unsubscribe;
    // Once, with the entries that were kept.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useEffect(() => {
    if (keep === undefined) return undefined;
    return showList(keep, (index) => {
      if (index >= virtualizer.options.count) return false;
      virtualizer.scrollToIndex(index, { align: "start" });
      return true;
    });
  }, [keep, virtualizer]);

  useEffect(() => {
    if (keep === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keepNow = () => {
      timer = undefined;
      const rows = virtualizer.getVirtualItems();
      const first = rows.find((row) => row.end > scrollY);
      const sizes = virtualizer.takeSnapshot().map((row) => [String(row.key), row.size] as const);
      keepPlace(
        keep,
        first && first.index > 0
          ? {
              key: String(first.key),
              offset: first.start - scrollY,
              sizes: sizes.slice(0, first.index + ROWS_KEPT_BELOW),
            }
          : undefined,
      );
    };
    const scrolled = () => (timer ??= setTimeout(keepNow, KEEP_EVERY_MS));
    addEventListener("scroll", scrolled, { passive: true });
    return () => {
      removeEventListener("scroll", scrolled);
      clearTimeout(timer);
    };
  }, [keep, virtualizer]);

  const rows = virtualizer.getVirtualItems();
  const last = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && !loading && !failed && last >= items.length - READ_AHEAD) onEnd();
  }, [last, items.length, onEnd, loading, failed]);

  return (
    <>
      <div
        ref={list}
        // A feed without articles is none.
        role={items.length > 0 ? "feed" : undefined}
        aria-label={items.length > 0 ? label : undefined}
        aria-busy={items.length > 0 ? loading : undefined}
        className={styles.list}
        style={{ blockSize: virtualizer.getTotalSize() }}
      >
        <div
          className={styles.rows}
          role="presentation"
          style={{ transform: `translateY(${(rows[0]?.start ?? margin) - margin}px)` }}
        >
          {rows.map((row) => {
            const item = items[row.index];
            return item === undefined ? null : (
              <div key={row.key} data-index={row.index} ref={virtualizer.measureElement} role="presentation">
                {render(item, row.index)}
              </div>
            );
          })}
        </div>
      </div>
      <div className={styles.end}>
        {loading ? (
          <Spinner label={text("common.loading")} />
        ) : failed && onEnd ? (
          <Button variant="secondary" onClick={onEnd}>
            {text("common.try_again")}
          </Button>
        ) : onEnd ? null : (
          end
        )}
      </div>
    </>
  );
}

/** Rows with the heights of a kept place: all that the virtualizer takes from a row is its height. */
function rowsOf(kept: Place | undefined): VirtualItem[] {
  let start = 0;
  return (kept?.sizes ?? []).map(([key, size], index) => {
    const row = { key, index, start, end: start + size, size, lane: 0 };
    start += size;
    return row;
  });
}
