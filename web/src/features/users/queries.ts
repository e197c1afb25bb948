import { queryOptions } from "@tanstack/react-query";

import { cachedUser } from "../../api/cache";
import { type Post, type TimelineItem, type User, api, unwrap } from "../../api/client";
import { Problem } from "../../api/problem";
import type { PagedList } from "../../api/pages";

/** A user by their handle, in any spelling. */
export function userByHandleQuery(handle: string) {
  const spelling = handle.toLowerCase();
  return queryOptions<User>({
    queryKey: ["users", "by-handle", spelling],
    queryFn: async ({ signal }) => {
      const page = await unwrap(api.GET("/v2/users", { params: { query: { handle } }, signal }));
      const [user] = page.items;
      if (user) return user;
      throw new Problem({
        type: "about:blank",
        title: "User not found",
        status: 404,
        detail: `There is no user @${handle}.`,
        reason: "USER_NOT_FOUND",
      });
    },
    // What a card had of them is shown until all of it is there.
    placeholderData: (): User | undefined => cachedUser((user) => user.handle.toLowerCase() === spelling),
    meta: { offline: true },
  });
}

export type ProfileTab = "posts" | "replies" | "media" | "likes";

/** The posts, reposts and replies of a user, or those with media. */
export function userPostsList(userId: string, tab: Exclude<ProfileTab, "likes">): PagedList<TimelineItem> {
  return {
    key: ["users", userId, "timeline", tab],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/users/{user_id}/posts", {
          params: {
            path: { user_id: userId },
            query: {
              ...(tab === "replies" ? { include_replies: true } : {}),
              ...(tab === "media" ? { only_media: true } : {}),
              ...(cursor ? { cursor } : {}),
            },
          },
          signal,
        }),
      ),
  };
}

/** The posts that a user likes. */
export function likedPostsList(userId: string): PagedList<Post> {
  return {
    key: ["users", userId, "likes"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/users/{user_id}/likes", {
          params: { path: { user_id: userId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}

/** The followers of a user, newest first. */
export function followersList(userId: string): PagedList<User> {
  return {
    key: ["users", userId, "followers"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/users/{user_id}/followers", {
          params: { path: { user_id: userId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}

/** The users whom a user follows, newest first. */
export function followingList(userId: string): PagedList<User> {
  return {
    key: ["users", userId, "following"],
    read: (cursor, signal) =>
      unwrap(
        api.GET("/v2/users/{user_id}/following", {
          params: { path: { user_id: userId }, query: cursor ? { cursor } : {} },
          signal,
        }),
      ),
  };
}

/** The users who ask to follow the caller, newest first. */
export function followRequestsList(): PagedList<User> {
  return {
    key: ["follow-requests"],
    // Another device may have changed it.
    staleTime: 0,
    read: (cursor, signal) =>
      unwrap(api.GET("/v2/follow-requests", { params: { query: cursor ? { cursor } : {} }, signal })),
  };
}

/** The users whom the caller blocks, newest first. */
export function blocksList(): PagedList<User> {
  return {
    key: ["blocks"],
    // Another device may have changed it.
    staleTime: 0,
    read: (cursor, signal) =>
      unwrap(api.GET("/v2/blocks", { params: { query: cursor ? { cursor } : {} }, signal })),
  };
}

/** The users whom the caller mutes, newest first. */
export function mutesList(): PagedList<User> {
  return {
    key: ["mutes"],
    // Another device may have changed it.
    staleTime: 0,
    read: (cursor, signal) =>
      unwrap(api.GET("/v2/mutes", { params: { query: cursor ? { cursor } : {} }, signal })),
  };
}

/** Whether a protected user shows neither posts nor follows to the caller. */
export function isLocked(user: User, myId: string | undefined): boolean {
  return user.protected && user.id !== myId && user.relationship?.following !== true;
}
