import { queryOptions } from "@tanstack/react-query";

import { type Post, api, unwrap } from "../../api/client";

/** What the server takes: lengths of texts, kinds and sizes of media. */
export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/limits", { signal })),
  staleTime: Infinity,
  meta: { offline: true },
});

/** A post as it is now, with the tag that an edit of it is based on. */
export function editableQuery(postId: string) {
  return queryOptions({
    queryKey: ["posts", postId, "editable"],
    queryFn: async ({ signal }): Promise<{ post: Post; etag: string }> => {
      const sent = api.GET("/v2/posts/{post_id}", { params: { path: { post_id: postId } }, signal });
      const post = await unwrap(sent);
      return { post, etag: (await sent).response.headers.get("etag") ?? "*" };
    },
    // Each edit begins with the post as it is then.
    gcTime: 0,
    staleTime: 0,
  });
}

const SUGGESTIONS_SHOWN = 6;

/** Users and hashtags that begin with what is typed. */
export function suggestionsQuery(typed: string) {
  return queryOptions({
    queryKey: ["search", "typeahead", typed],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/v2/search/typeahead", { params: { query: { q: typed, limit: SUGGESTIONS_SHOWN } }, signal }),
      ),
    // Suggestions that come late or not at all disturb nobody.
    retry: false,
  });
}
