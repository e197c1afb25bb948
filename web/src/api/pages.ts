/** Lists that are read page by page. */

import {
  type InfiniteData,
  type QueryKey,
  type UseInfiniteQueryResult,
  keepPreviousData,
  useInfiniteQuery,
} from "@tanstack/react-query";

/** A page as the API answers it. */
export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export type Pages<Item> = InfiniteData<Page<Item>, string | undefined>;

/** A list: its key in the cache, and how a page of it is read. */
export interface PagedList<Item> {
  key: QueryKey;
  read: (cursor: string | undefined, signal?: AbortSignal) => Promise<Page<Item>>;
  /** How long what was read counts as fresh. Lists that never move by themselves say `Infinity`. */
  staleTime?: number;
  enabled?: boolean;
}

/** Reads a list. What was read of it can be read offline. */
export function usePagedList<Item>(list: PagedList<Item>): UseInfiniteQueryResult<Pages<Item>> {
  return useInfiniteQuery({
    queryKey: list.key,
    queryFn: ({ pageParam, signal }) => list.read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page<Item>) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData<Pages<Item>>,
    meta: { offline: true },
    ...(list.staleTime === undefined ? {} : { staleTime: list.staleTime }),
    ...(list.enabled === undefined ? {} : { enabled: list.enabled }),
  });
}

/** The items of all pages that were read. An item that two pages have comes once. */
export function itemsOf<Item extends { id: string }>(pages: Pages<Item> | undefined): Item[] {
  const seen = new Set<string>();
  return (pages?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((item) => !seen.has(item.id) && seen.add(item.id));
}
