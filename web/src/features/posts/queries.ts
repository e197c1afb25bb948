import { queryOptions } from "@tanstack/react-query";

import { type Post, type Schemas, type User, api, unwrap } from "../../api/client";
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

/** The users who like a post, newest like first. */
export function likersList(postId: string): PagedList<User> {
  return {
    key: ["posts", postId, "likers"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/posts/{post_id}/likers", {
          params: { path: { post_id: postId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}

/** The users who reposted a post, newest repost first. */
export function repostersList(postId: string): PagedList<User> {
  return {
    key: ["posts", postId, "reposters"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/posts/{post_id}/reposters", {
          params: { path: { post_id: postId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}

/** The posts that quote a post, newest first. */
export function quotesList(postId: string): PagedList<Post> {
  return {
    key: ["posts", postId, "quotes"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/posts/{post_id}/quotes", {
          params: { path: { post_id: postId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}
