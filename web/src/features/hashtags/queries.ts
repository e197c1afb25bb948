import { queryOptions } from "@tanstack/react-query";

import { type Post, type Schemas, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

export type HashtagUse = Schemas["HashtagUse"];
/** A hashtag that the user follows, or followed until now. */
export type FollowedHashtag = Schemas["HashtagFollow"] & { id: string };

/** How a hashtag is used, and whether the user follows it. */
export function hashtagQuery(tag: string) {
  return queryOptions({
    queryKey: ["hashtags", tag, "use"],
    queryFn: ({ signal }) => unwrap(api.GET("/v2/hashtags/{tag}", { params: { path: { tag } }, signal })),
    meta: { offline: true },
  });
}

/** The posts with a hashtag, newest first. */
export function hashtagPostsList(tag: string, onlyMedia = false): PagedList<Post> {
  return {
    key: ["hashtags", tag, onlyMedia ? "media" : "posts"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/hashtags/{tag}/posts", {
          params: {
            path: { tag },
            query: { ...(onlyMedia ? { only_media: true } : {}), ...(cursor ? { cursor } : {}) },
          },
          signal,
        }),
      ),
    // What is newer is offered.
    staleTime: Infinity,
  };
}

/** The hashtags that the user follows, the newest follow first. */
export function followedHashtagsList(): PagedList<FollowedHashtag> {
  return {
    key: ["followed-hashtags"],
    read: async (cursor, signal) => {
      const page = await unwrap(
        api.GET("/v2/followed-hashtags", { params: { query: cursor ? { cursor } : {} }, signal }),
      );
      return { ...page, items: page.items.map((item) => ({ ...item, id: item.tag })) };
    },
  };
}
