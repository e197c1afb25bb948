/** The last searches of a user, on this device only. */

import { useSyncExternalStore } from "react";

import { session } from "../../api/session";

const ITEM = "roost.searches";
const MAX_RECENT = 8;

interface Kept {
  userId: string | null;
  queries: string[];
}

const NONE: readonly string[] = [];
const listeners = new Set<() => void>();
let kept: readonly string[] | undefined;
let keptFor: string | null | undefined;

function currentUser(): string | null {
  return session.state.status === "signed-in" ? session.state.userId : null;
}

/** The searches of the user, the last one first. */
export function recentSearches(): readonly string[] {
  const userId = currentUser();
  if (kept === undefined || keptFor !== userId) {
    kept = read(userId);
    keptFor = userId;
  }
  return kept;
}

export function rememberSearch(query: string): void {
  write([query, ...recentSearches().filter((each) => each !== query)].slice(0, MAX_RECENT));
}

export function forgetSearch(query: string): void {
  write(recentSearches().filter((each) => each !== query));
}

/** Removes all of them: also after signing out. */
export function forgetSearches(): void {
  localStorage.removeItem(ITEM);
  changed();
}

export function useRecentSearches(): readonly string[] {
  return useSyncExternalStore(subscribe, recentSearches);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  const onStorage = (event: StorageEvent) => {
    if (event.key === ITEM) changed();
  };
  addEventListener("storage", onStorage);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", onStorage);
  };
}

function read(userId: string | null): readonly string[] {
  try {
    const found = JSON.parse(localStorage.getItem(ITEM) ?? "null") as Kept | null;
    return found?.userId === userId && Array.isArray(found.queries) ? found.queries : NONE;
  } catch {
    return NONE;
  }
}

function write(queries: readonly string[]): void {
  try {
    localStorage.setItem(ITEM, JSON.stringify({ userId: currentUser(), queries }));
  } catch {
    // A full device only means that the search is not kept.
  }
  changed();
}

function changed(): void {
  kept = undefined;
  for (const listener of listeners) listener();
}
