import { type Post, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

/** The posts with a hashtag, newest first. */
export function hashtagPostsList(tag: string): PagedList<Post> {
  return {
    key: ["hashtags", tag, "posts"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/hashtags/{tag}/posts", {
          params: { path: { tag }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}
