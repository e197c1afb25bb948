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
