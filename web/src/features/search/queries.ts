import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { type Schemas, type User, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";

export type FoundPost = Schemas["FoundPost"] & { id: string };
export type FoundHashtag = Schemas["HashtagUse"] & { id: string };
export type Suggestion = Schemas["Suggestions"]["items"][number];

/** The server takes so many characters of what is typed. */
export const MAX_TYPED = 50;

export type FoundOrder = "top" | "latest";

/** The posts that a query finds: the best first, or the newest. */
export function foundPostsList(q: string, order: FoundOrder): PagedList<FoundPost> {
  return {
    key: ["search", "posts", q, order],
    read: async (cursor, signal) => {
      const page = await unwrap(
        api.GET("/v2/search/posts", { params: { query: { q, order, ...(cursor ? { cursor } : {}) } }, signal }),
      );
      return { ...page, items: page.items.map((found) => ({ ...found, id: found.post.id })) };
    },
    // What is newer is offered.
    ...(order === "latest" ? { staleTime: Infinity } : {}),
  };
}

/** The users whose handle, name or bio fits. */
export function foundUsersList(q: string): PagedList<User> {
  return {
    key: ["search", "users", q],
    read: async (cursor, signal) => {
      const page = await unwrap(
        api.GET("/v2/search/users", { params: { query: { q, ...(cursor ? { cursor } : {}) } }, signal }),
      );
      return { ...page, items: page.items.map((found) => found.user) };
    },
  };
}

/** The hashtags that begin with a text, the most used first. */
export function foundHashtagsList(q: string): PagedList<FoundHashtag> {
  return {
    key: ["search", "hashtags", q],
    read: async (cursor, signal) => {
      const page = await unwrap(
        api.GET("/v2/search/hashtags", { params: { query: { q, ...(cursor ? { cursor } : {}) } }, signal }),
      );
      return { ...page, items: page.items.map((hashtag) => ({ ...hashtag, id: hashtag.tag })) };
    },
  };
}

/** Users and hashtags that begin with what was typed. */
export function suggestionsQuery(typed: string) {
  return queryOptions<Suggestion[]>({
    queryKey: ["search", "suggestions", typed],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET("/v2/search/typeahead", { params: { query: { q: typed, limit: 6 } }, signal }))).items,
    placeholderData: keepPreviousData,
    // The next key press reads again.
    retry: false,
  });
}
