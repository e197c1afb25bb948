import { queryClient } from "../../api/cache";
import { type Schemas, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import type { Pages } from "../../api/pages";
import { defineAction } from "../../offline/actions";

interface HashtagInput {
  /** In the form that its spellings share. */
  tag: string;
}

type HashtagFollow = Schemas["HashtagFollow"];

/** Shows at once whether the user follows a hashtag. Returns what takes it back. */
function show(tag: string, following: boolean): () => void {
  let changed = false;
  const change = <Item extends { tag: string; following?: boolean }>(item: Item): Item => {
    if (item.tag !== tag || item.following === following) return item;
    changed = true;
    return { ...item, following };
  };
  queryClient.setQueriesData<Schemas["HashtagUse"]>(
    { queryKey: ["hashtags"], predicate: ({ queryKey }) => queryKey[2] === "use" },
    (use) => use && change(use),
  );
  queryClient.setQueryData<Pages<HashtagFollow>>(
    ["followed-hashtags"],
    (list) => list && { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(change) })) },
  );
  return () => {
    if (changed) show(tag, !following);
  };
}

/** Posts of a hashtag come to the home, and leave it: both are read again when they are shown next. */
function settle({ tag, following }: HashtagFollow): void {
  show(tag, following);
  void queryClient.invalidateQueries({ queryKey: ["followed-hashtags"], refetchType: "none" });
  void queryClient.invalidateQueries({ queryKey: ["timelines", "home"], refetchType: "none" });
}

const parameters = (tag: string, key: string) => ({
  params: { path: { tag }, header: idempotent(key) },
});

export const followHashtag = defineAction<HashtagInput, HashtagFollow>({
  name: "hashtags.follow",
  lane: ({ tag }) => `hashtag ${tag}`,
  send: ({ tag }, key) => unwrap(api.PUT("/v2/hashtags/{tag}/follow", parameters(tag, key))),
  apply: ({ tag }) => show(tag, true),
  succeed: settle,
  failure: "hashtags.follow_failed",
  waits: true,
});

export const unfollowHashtag = defineAction<HashtagInput, HashtagFollow>({
  name: "hashtags.unfollow",
  lane: ({ tag }) => `hashtag ${tag}`,
  send: ({ tag }, key) => unwrap(api.DELETE("/v2/hashtags/{tag}/follow", parameters(tag, key))),
  apply: ({ tag }) => show(tag, false),
  succeed: settle,
  failure: "hashtags.unfollow_failed",
  waits: true,
});
