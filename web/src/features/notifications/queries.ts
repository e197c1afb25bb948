import { queryOptions } from "@tanstack/react-query";

import { type Schemas, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

export type Notification = Schemas["Notification"];
export type NotificationKind = Notification["kind"];

/** Each kind, in the order in which the preferences have them. */
export const KINDS = [
  "mention",
  "reply",
  "quote",
  "like",
  "repost",
  "follow",
  "follow_request",
  "follow_accepted",
  "post",
] as const satisfies readonly NotificationKind[];

export type Preferences = Schemas["NotificationPreferences"];

/** What each filter of the page shows. */
export const FILTERS = {
  all: [],
  mentions: ["mention", "reply", "quote"],
  reactions: ["like", "repost"],
  follows: ["follow", "follow_request", "follow_accepted"],
  posts: ["post"],
} as const satisfies Record<string, readonly NotificationKind[]>;

export type Filter = keyof typeof FILTERS;

export function notificationsList(filter: Filter): PagedList<Notification> {
  const kinds = FILTERS[filter].join();
  return {
    key: ["notifications", "list", filter],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/notifications", {
          params: { query: { ...(kinds ? { kinds } : {}), ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      ),
    // The page never moves by itself: what is newer is offered.
    staleTime: Infinity,
  };
}

/** How many notifications are unread; `MAX_UNREAD` stands for that many or more. */
export const unreadCountQuery = queryOptions({
  queryKey: ["notifications", "unread-count"],
  queryFn: ({ signal }): Promise<Schemas["UnreadCount"]> =>
    unwrap(api.GET("/v2/notifications/unread-count", { signal })),
  meta: { offline: true },
});

export const MAX_UNREAD = 100;

export const preferencesQuery = queryOptions({
  queryKey: ["notifications", "preferences"],
  queryFn: ({ signal }): Promise<Preferences> => unwrap(api.GET("/v2/notifications/preferences", { signal })),
  meta: { offline: true },
});
