/**
 * Keeps what was read, so that it can be read offline and shown at once at the next start.
 *
 * A query takes part with `meta: { offline: true }`. Each query is one entry, so that writing one
 * costs nothing for the others. A signed-in user finds their own entries only.
 */

import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";
import { clear, delMany, entries, setMany } from "idb-keyval";

import { queryStore } from "./store";

interface Entry {
  userId: string | null;
  version: string;
  key: QueryKey;
  data: unknown;
  updatedAt: number;
  /** Whether it has to be read again when it is shown next. */
  invalidated: boolean;
}

const WRITE_EVERY_MS = 1000;
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000;
const MAX_ENTRIES = 200;
/** Of a list only these pages are kept; the rest is read again. */
const MAX_PAGES = 8;
/** Entries with another version are dropped. Raise it when the shape of cached data changes. */
const VERSION = "1";

/** Puts the entries of a user into the query cache. */
export async function restoreQueries(client: QueryClient, userId: string | null): Promise<void> {
  const found = await entries<string, Entry>(queryStore);
  found.sort(([, one], [, other]) => other.updatedAt - one.updatedAt);
  const expired: string[] = [];
  for (const [index, [name, entry]] of found.entries()) {
    const dead =
      index >= MAX_ENTRIES ||
      entry.version !== VERSION ||
      entry.updatedAt < Date.now() - MAX_AGE_MS;
    if (dead) expired.push(name);
    else if (entry.userId === userId && client.getQueryData(entry.key) === undefined) {
      client.setQueryData(entry.key, entry.data, { updatedAt: entry.updatedAt });
      if (entry.invalidated) {
        await client.invalidateQueries({ queryKey: entry.key, exact: true, refetchType: "none" });
      }
    }
  }
  if (expired.length > 0) await delMany(expired, queryStore);
}

/** Writes queries as they change. Returns what ends it. */
export function persistQueries(client: QueryClient, userId: string | null): () => void {
  const waiting = new Map<string, Query>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const write = () => {
    timer = undefined;
    const changed = [...waiting.values()].map((query): [string, Entry] => [
      `${userId ?? ""} ${query.queryHash}`,
      {
        userId,
        version: VERSION,
        key: query.queryKey,
        data: trimmed(query.state.data),
        updatedAt: query.state.dataUpdatedAt,
        invalidated: query.state.isInvalidated,
      },
    ]);
    waiting.clear();
    // A full disk only means that less can be read offline.
    setMany(changed, queryStore).catch(() => undefined);
  };

  const unsubscribe = client.getQueryCache().subscribe(({ type, query }) => {
    if (type !== "updated" || query.meta?.["offline"] !== true) return;
    if (query.state.status !== "success" || query.state.data === undefined) return;
    waiting.set(query.queryHash, query);
    timer ??= setTimeout(write, WRITE_EVERY_MS);
  });
  return () => {
    unsubscribe();
    clearTimeout(timer);
  };
}

/** Removes all that was kept: after signing out. */
export async function forgetQueries(): Promise<void> {
  await clear(queryStore);
}

function trimmed(data: unknown): unknown {
  if (typeof data !== "object" || data === null || !("pages" in data && "pageParams" in data)) {
    return data;
  }
  const { pages, pageParams } = data as { pages: unknown[]; pageParams: unknown[] };
  return { pages: pages.slice(0, MAX_PAGES), pageParams: pageParams.slice(0, MAX_PAGES) };
}
