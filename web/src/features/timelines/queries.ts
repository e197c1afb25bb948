import { type TimelineItem, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

export type HomeOrder = "latest" | "relevant";

export function homeList(order: HomeOrder): PagedList<TimelineItem> {
  return {
    key: ["timelines", "home", order],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/timelines/home", {
          params: { query: { order, ...(cursor ? { cursor } : {}) } },
          signal,
        }),
      ),
    // The page never moves by itself: what is newer is offered.
    ...(order === "latest" ? { staleTime: Infinity } : {}),
  };
}

export function publicList(): PagedList<TimelineItem> {
  return {
    key: ["timelines", "public"],
    read: (cursor, signal) =>
      unwrap(api.GET("/v2/timelines/public", { params: { query: cursor ? { cursor } : {} }, signal })),
    staleTime: Infinity,
  };
}
