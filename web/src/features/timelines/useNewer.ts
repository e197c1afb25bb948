import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useEffectEvent, useState } from "react";

import type { Page, PagedList, Pages } from "../../api/pages";
import { useTopic } from "../../stream";

interface NewerOptions {
  /** Whether arrivals of the home come by the stream. */
  live?: boolean;
  /** Looks for newer entries this often. */
  everyMs?: number;
  /** Whether an empty list is looked at every few seconds, as it may fill soon. */
  whileEmpty?: boolean;
}

export interface Newer {
  /** How many newer entries are known, up to `MAX_KNOWN`. */
  count: number;
  loading: boolean;
  /** Puts the newer entries above the others. The page is to scroll to its beginning. */
  show: () => Promise<void>;
}

export const MAX_KNOWN = 100;
/** An empty home fills some seconds after the first follow, which no event reports. */
const EMPTY_EVERY_MS = 3000;
/** So many pages are read to close the gap between the newest entries and the list. */
const MAX_PAGES = 3;

/**
 * What is newer than a timeline shows. It is counted and offered, and never moves the page.
 *
 * However many entries wait, only their number is kept, and showing them reads a few pages.
 */
export function useNewer<Item extends { id: string }>(
  list: PagedList<Item>,
  { live = false, everyMs, whileEmpty = true }: NewerOptions,
): Newer {
  const client = useQueryClient();
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [loading, setLoading] = useState(false);

  const add = (found: string[]) => {
    const shown = idsOf(client.getQueryData<Pages<Item>>(list.key));
    const fresh = found.filter((id) => !shown.has(id));
    if (fresh.length > 0) {
      setIds((known) => (known.size >= MAX_KNOWN ? known : new Set([...known, ...fresh])));
    }
  };
  const look = async () => {
    const shown = client.getQueryData<Pages<Item>>(list.key);
    if (!shown) return;
    try {
      const page = await list.read(undefined);
      if (idsOf(shown).size === 0 && page.items.length > 0) {
        // Nobody reads an empty list, so nothing moves.
        client.setQueryData<Pages<Item>>(list.key, { pages: [page], pageParams: [undefined] });
        return;
      }
      add(page.items.map((item) => item.id));
    } catch {
      // The next look may succeed; the list stays readable.
    }
  };
  const onLook = useEffectEvent(look);

  useTopic(live ? "home" : undefined, (frame) => {
    if (frame.type === "gap") void look();
    else if (frame.type === "event" && frame.change.kind === "arrival") add([frame.change.item.id]);
  });

  useEffect(() => {
    // What came while another page was shown; a list that is not read yet has nothing newer.
    void onLook();
    const lookIfVisible = () => {
      if (document.visibilityState === "visible") void onLook();
    };
    const regular = everyMs === undefined ? undefined : setInterval(lookIfVisible, everyMs);
    const soon = whileEmpty
      ? setInterval(() => {
          const pages = client.getQueryData<Pages<Item>>(list.key);
          if (pages && idsOf(pages).size === 0) lookIfVisible();
        }, EMPTY_EVERY_MS)
      : undefined;
    return () => {
      clearInterval(regular);
      clearInterval(soon);
    };
    // The key stands for the list.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, everyMs, whileEmpty, list.key.join()]);

  const show = useCallback(async () => {
    setLoading(true);
    try {
      const before = client.getQueryData<Pages<Item>>(list.key);
      const shown = idsOf(before);
      const found: Item[] = [];
      let cursor: string | undefined;
      let joined = false;
      for (let count = 0; count < MAX_PAGES && !joined; count++) {
        const page = await list.read(cursor);
        joined = page.next_cursor === null || page.items.some((item) => shown.has(item.id));
        found.push(...page.items.filter((item) => !shown.has(item.id)));
        cursor = page.next_cursor ?? undefined;
      }
      client.setQueryData<Pages<Item>>(list.key, merged(before, found, cursor, joined));
      setIds(new Set());
    } finally {
      setLoading(false);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [client, list.key.join()]);

  return { count: ids.size, loading, show };
}

/** The list with newer entries above it; without those below where a gap would be between them. */
export function merged<Item>(
  before: Pages<Item> | undefined,
  found: Item[],
  cursor: string | undefined,
  joined: boolean,
): Pages<Item> {
  const newest: Page<Item> = { items: found, next_cursor: cursor ?? null };
  if (!before || !joined) return { pages: [newest], pageParams: [undefined] };
  return { pages: [newest, ...before.pages], pageParams: [undefined, ...before.pageParams] };
}

function idsOf(pages: Pages<{ id: string }> | undefined): Set<string> {
  return new Set(pages?.pages.flatMap((page) => page.items.map((item) => item.id)));
}
