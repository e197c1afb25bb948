import { queryOptions } from "@tanstack/react-query";

import { type Post, type Schemas, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

/** A post with what it answers and its first replies. */
export function threadQuery(postId: string) {
  return queryOptions({
    queryKey: ["posts", postId, "thread"],
    queryFn: ({ signal }): Promise<Schemas["Thread"]> =>
      unwrap(api.GET("/v2/posts/{post_id}/thread", { params: { path: { post_id: postId } }, signal })),
    staleTime: 15_000,
    meta: { offline: true },
  });
}

/** The versions of a post, newest first. */
export function revisionsList(postId: string): PagedList<Schemas["Revision"]> {
  return {
    key: ["posts", postId, "revisions"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/posts/{post_id}/revisions", {
          params: { path: { post_id: postId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
    staleTime: 15_000,
  };
}

/** The replies of a post, oldest first. */
export function repliesList(postId: string): PagedList<Post> {
  return {
    key: ["posts", postId, "replies"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/posts/{post_id}/replies", {
          params: { path: { post_id: postId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
    staleTime: 15_000,
  };
}
