/**
 * The query cache, and how a change of one object reaches every list that shows it.
 *
 * Lists hold whole objects, as the API answers them. `patchPost` and `patchUser` replace an object
 * wherever it is cached; what did not change keeps its identity, so React skips it.
 */

import { type Query, QueryClient, type QueryKey } from "@tanstack/react-query";

import type { Post, User } from "./client";
import { Problem, isTemporary } from "./problem";

const MINUTE = 60_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: MINUTE,
      gcTime: 30 * MINUTE,
      // A stream reports changes, so that nothing has to be read again with each look at the window.
      refetchOnWindowFocus: false,
      // Cached pages are readable offline; a failed read is repeated where that can help.
      networkMode: "offlineFirst",
      retry: (failures, error) => failures < 2 && isTemporary(error),
      retryDelay: (attempt, error) =>
        error instanceof Problem && error.retryAfter
          ? Math.min(error.retryAfter, 30) * 1000
          : 1000 * 2 ** attempt,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** Replaces a post wherever it is cached, also as a quoted post. */
export function patchPost(id: string, change: (post: Post) => Post): void {
  replaceEverywhere((value) => (isPost(value) && value.id === id ? change(value) : value));
}

/** Replaces a user wherever they are cached, also as an author. */
export function patchUser(id: string, change: (user: User) => User): void {
  replaceEverywhere((value) => (isUser(value) && value.id === id ? change(value) : value));
}

/** The post as some cached list has it. */
export function cachedPost(id: string): Post | undefined {
  return findEverywhere((value): value is Post => isPost(value) && value.id === id);
}

/** The user as some cached object has them. */
export function cachedUser(matches: (user: User) => boolean): User | undefined {
  return findEverywhere((value): value is User => isUser(value) && matches(value));
}

/** Removes a post from every list; where it stands alone it becomes a deleted one. */
export function removePost(id: string): void {
  for (const query of queryClient.getQueryCache().getAll()) removeFrom(query, id);
}

/** A post that is out of sight. */
export interface HiddenPost {
  /** Brings it back. */
  restore: () => void;
  /** Leaves it removed. */
  end: () => void;
}

/** Removes a post as `removePost` does, also from what is read later, until that ends. */
export function hidePost(id: string): HiddenPost {
  const hidden = new Map<string, { key: QueryKey; before: unknown; after: unknown }>();
  const hide = (query: Query) => {
    const { queryKey: key } = query;
    const before: unknown = query.state.data;
    // The cache shares what is equal, so that it holds another object than it was given.
    if (removeFrom(query, id)) hidden.set(query.queryHash, { key, before, after: queryClient.getQueryData(key) });
  };
  for (const query of queryClient.getQueryCache().getAll()) hide(query);
  const end = queryClient.getQueryCache().subscribe(({ type, query }) => {
    if (type === "updated") hide(query);
  });
  const restore = () => {
    end();
    for (const { key, before, after } of hidden.values()) {
      if (queryClient.getQueryData(key) === after) set(key, after, before);
      // What changed since is read again, with the post.
      else void queryClient.invalidateQueries({ queryKey: key, exact: true });
    }
  };
  return { restore, end };
}

/** Returns whether the query had the post. */
function removeFrom(query: Query, id: string): boolean {
  const before: unknown = query.state.data;
  const after = without(before, id);
  if (after === before) return false;
  set(query.queryKey, before, after);
  return true;
}

function replaceEverywhere(change: (value: object) => object): void {
  for (const query of queryClient.getQueryCache().getAll()) {
    if (query.state.data === undefined) continue;
    set(query.queryKey, query.state.data, replace(query.state.data, change));
  }
}

function set(key: QueryKey, before: unknown, after: unknown): void {
  if (after === before) return;
  // What was read stays as old as it was: a patch is no answer of the server.
  const updatedAt = queryClient.getQueryState(key)?.dataUpdatedAt;
  queryClient.setQueryData(key, after, updatedAt === undefined ? undefined : { updatedAt });
}

function replace(value: unknown, change: (value: object) => object): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    let changed = false;
    const next = value.map((each: unknown) => {
      const replaced = replace(each, change);
      changed ||= replaced !== each;
      return replaced;
    });
    return changed ? next : value;
  }
  let next: Record<string, unknown> | undefined;
  for (const [name, each] of Object.entries(value)) {
    const replaced = replace(each, change);
    if (replaced !== each) {
      next ??= { ...value };
      next[name] = replaced;
    }
  }
  return change(next ?? value);
}

function without(value: unknown, id: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const kept = value
      .filter((each: unknown) => !isEntryOf(each, id))
      .map((each: unknown) => without(each, id));
    return kept.length === value.length && kept.every((each, index) => each === value[index])
      ? value
      : kept;
  }
  if (isPost(value) && value.id === id) {
    return value.deleted ? value : { ...value, deleted: true, content: [], media: [] };
  }
  let next: Record<string, unknown> | undefined;
  for (const [name, each] of Object.entries(value)) {
    const replaced = without(each, id);
    if (replaced !== each) {
      next ??= { ...value };
      next[name] = replaced;
    }
  }
  return next ?? value;
}

/** Whether an entry of a list is this post, or is about it (a timeline item, a found post). */
function isEntryOf(value: unknown, id: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isPost(value)) return value.id === id;
  return "post" in value && typeof value.post === "object" && value.post !== null
    ? isPost(value.post) && value.post.id === id && !("kind" in value)
    : false;
}

function findEverywhere<Found extends object>(
  matches: (value: object) => value is Found,
): Found | undefined {
  for (const query of queryClient.getQueryCache().getAll()) {
    const found = find(query.state.data, matches);
    if (found) return found;
  }
  return undefined;
}

function find<Found extends object>(
  value: unknown,
  matches: (value: object) => value is Found,
): Found | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (matches(value)) return value;
  for (const each of Object.values(value)) {
    const found = find(each, matches);
    if (found) return found;
  }
  return undefined;
}

function isPost(value: object): value is Post {
  return "conversation_id" in value && "content" in value;
}

function isUser(value: object): value is User {
  return "handle" in value && "display_name" in value;
}
