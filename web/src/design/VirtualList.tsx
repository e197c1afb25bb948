import { type VirtualItem, useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

import { useText } from "../i18n/messages";
import { Button } from "./Button";
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
}

/** How many rows before the end the next page is read. */
const READ_AHEAD = 8;

/** The measured rows of lists, by the entry of the history that shows them. */
const places = new Map<string, VirtualItem[]>();
const MAX_PLACES = 50;

/**
 * A list in the window of which only the visible rows exist.
 *
 * Coming back to it by the history gives the exact place: the router restores the offset, and the
 * rows have the heights that were measured before. Growing at its end moves nothing.
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
}: VirtualListProps<Item>) {
  const text = useText();
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const entry = useLocation({ select: (location) => location.state.__TSR_key ?? location.href });
  const place = `${entry} ${label}`;

  const virtualizer = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => estimate,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
    overscan: 5,
    scrollMargin: margin,
    initialMeasurementsCache: places.get(place) ?? [],
    initialOffset: () => scrollY,
  });

  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const measure = () =>
      setMargin(Math.round(element.getBoundingClientRect().top + document.documentElement.scrollTop));
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
