import { queryOptions } from "@tanstack/react-query";

import { type Schemas, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/users/me/settings", { signal })),
  meta: { offline: true },
});

export const emailQuery = queryOptions({
  queryKey: ["email"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/users/me/email", { signal })),
});

/** The signed-in devices, newest first. */
export const sessionsList: PagedList<Schemas["Session"]> = {
  key: ["sessions"],
  read: (cursor, signal) =>
    unwrap(api.GET("/v2/sessions", { params: { query: cursor ? { cursor } : {} }, signal })),
};
