import { useCallback, useEffect, useEffectEvent, useState } from "react";

import { queryClient } from "../../api/cache";
import { isNewer } from "../../api/ids";
import type { Pages } from "../../api/pages";
import { useTopic } from "../../stream";
import { MAX_KNOWN, type Newer } from "../timelines/useNewer";
import { type Filter, FILTERS, type Notification, notificationsList } from "./queries";

/** So many pages are read to close the gap between the newest notifications and the list. */
const MAX_PAGES = 3;

/** What happened to a list since it was read. */
interface Changes {
  /** Newer notifications, by their ids. */
  newer: ReadonlySet<string>;
  /** Notifications of the list that are there no more: withdrawn, or in a newer one. */
  gone: ReadonlySet<string>;
}

/** The entries of the history that were shown. */
const opened = new Set<string>();

const NONE: Changes = { newer: new Set(), gone: new Set() };

/**
 * What is newer than a list of notifications. It is counted and offered, and never moves the page.
 *
 * A notification that grows has a new id: it is a newer one, and the old one goes when the newer is
 * shown. One that loses somebody stays in its place. `entry` names the entry of the history: the
 * first time that it is shown nobody reads yet, so what is newer comes at once.
 */
export function useArrivals(filter: Filter, entry: string): Newer {
  const [changes, setChanges] = useState(NONE);
  const [loading, setLoading] = useState(false);

  /** Counts the notifications that the list does not have. */
  const look = async () => {
    const list = notificationsList(filter);
    if (!queryClient.getQueryData(list.key)) return;
    try {
      const page = await list.read(undefined);
      const shown = itemIds(filter);
      const newest = newestOf(shown);
      const fresh = page.items.map(({ id }) => id).filter((id) => !shown.has(id) && isNewer(id, newest));
      setChanges((now) => ({ ...now, newer: new Set([...now.newer, ...fresh]) }));
    } catch {
      // The next look may succeed; the list stays readable.
    }
  };
  useTopic("notifications", (frame) => {
    if (frame.type === "gap") return void look();
    if (frame.type !== "event") return;
    const { change } = frame;
    if (change.kind === "notification_withdrawn") {
      setChanges((now) => ({ newer: without(now.newer, change.id), gone: new Set([...now.gone, change.id]) }));
    } else if (change.kind === "notification") {
      const { notification, replaces } = change;
      const kinds: readonly string[] = FILTERS[filter];
      if (kinds.length > 0 && !kinds.includes(notification.kind)) return;
      if (replaces !== null && !isNewer(notification.id, replaces)) {
        shrink(replaces, notification);
        setChanges((now) =>
          now.newer.has(replaces)
            ? { ...now, newer: new Set([...without(now.newer, replaces), notification.id]) }
            : now,
        );
        return;
      }
      setChanges((now) => ({
        newer: new Set([...without(now.newer, replaces), notification.id]),
        gone: replaces === null ? now.gone : new Set([...now.gone, replaces]),
      }));
    }
  });

  const show = useCallback(async () => {
    setLoading(true);
    try {
      const list = notificationsList(filter);
      const shown = itemIds(filter);
      const found: Notification[] = [];
      let cursor: string | undefined;
      let joined = false;
      for (let count = 0; count < MAX_PAGES && !joined; count++) {
        const page = await list.read(cursor);
        joined = page.next_cursor === null || page.items.some((item) => shown.has(item.id));
        found.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      }
      queryClient.setQueryData<Pages<Notification>>(list.key, (before) =>
        withNewest(before, found, cursor, joined, changes.gone),
      );
      setChanges(NONE);
    } finally {
      setLoading(false);
    }
  }, [filter, changes]);

  const onOpen = useEffectEvent(() => {
    const shown = itemIds(filter).size > 0;
    if (shown && !opened.has(entry)) void show().catch(() => undefined);
    else void look();
    opened.add(entry);
  });
  useEffect(() => onOpen(), [entry]);

  return { count: Math.min(changes.newer.size, MAX_KNOWN), loading, show };
}

/**
 * The list with what was read of its beginning.
 *
 * Down to the oldest notification that was read it is as the server has it. Where a gap would be
 * below, what was there goes and is read again when the reader comes to it.
 */
export function withNewest(
  before: Pages<Notification> | undefined,
  found: Notification[],
  cursor: string | undefined,
  joined: boolean,
  gone: ReadonlySet<string>,
): Pages<Notification> {
  const newest = { items: found, next_cursor: cursor ?? null };
  const oldest = found.at(-1)?.id ?? null;
  if (!before || !joined || cursor === undefined) return { pages: [newest], pageParams: [undefined] };
  const below = before.pages.map((page) => ({
    ...page,
    items: page.items.filter(({ id }) => isNewer(oldest, id) && !gone.has(id)),
  }));
  return { pages: [newest, ...below], pageParams: [undefined, ...before.pageParams] };
}

/** Shows a notification that somebody left, where it stands in each list. */
function shrink(id: string, after: { id: string; count: number; people: readonly { id: string }[] }): void {
  const stay = new Set(after.people.map((person) => person.id));
  queryClient.setQueriesData<Pages<Notification>>({ queryKey: ["notifications", "list"] }, (pages) =>
    pages?.pages.some((page) => page.items.some((item) => item.id === id))
      ? {
          ...pages,
          pages: pages.pages.map((page) => ({
            ...page,
            items: page.items.map((item) => {
              if (item.id !== id) return item;
              const people = item.people.filter((person) => stay.has(person.id));
              return { ...item, id: after.id, count: after.count, people: people.length > 0 ? people : item.people };
            }),
          })),
        }
      : pages,
  );
}

function itemIds(filter: Filter): Set<string> {
  const pages = queryClient.getQueryData<Pages<Notification>>(notificationsList(filter).key);
  return new Set(pages?.pages.flatMap((page) => page.items.map((item) => item.id)));
}

function newestOf(ids: ReadonlySet<string>): string | null {
  let newest: string | null = null;
  for (const id of ids) if (isNewer(id, newest)) newest = id;
  return newest;
}

function without(ids: ReadonlySet<string>, id: string | null): ReadonlySet<string> {
  return id !== null && ids.has(id) ? new Set([...ids].filter((each) => each !== id)) : ids;
}
