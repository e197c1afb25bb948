import { type Post, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

/** The posts that the user keeps, the newest bookmark first. */
export function bookmarksList(): PagedList<Post> {
  return {
    key: ["bookmarks"],
    read: (cursor, signal) =>
      unwrap(api.GET("/v2/bookmarks", { params: { query: cursor ? { cursor } : {} }, signal })),
  };
}
