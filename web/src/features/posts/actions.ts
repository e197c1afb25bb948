import { patchPost, queryClient, removePost } from "../../api/cache";
import { type Post, type Schemas, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import { defineAction } from "../../offline/actions";

interface PostInput {
  postId: string;
}

type Engagement = Schemas["Engagement"];
type Flag = keyof Schemas["ViewerState"];

const COUNT_OF = { liked: "likes", reposted: "reposts", bookmarked: undefined } as const;
const NO_FLAGS: Schemas["ViewerState"] = { liked: false, reposted: false, bookmarked: false };

/** Shows at once that the user likes, reposts or bookmarks. Returns what takes it back. */
function engage(postId: string, flag: Flag, value: boolean): () => void {
  let changed = false;
  patchPost(postId, (post) => {
    if (post.viewer?.[flag] === value) return post;
    changed = true;
    return withFlag(post, flag, value);
  });
  return () => {
    if (changed) patchPost(postId, (post) => withFlag(post, flag, !value));
  };
}

function withFlag(post: Post, flag: Flag, value: boolean): Post {
  const count = COUNT_OF[flag];
  const counts = count
    ? { ...post.counts, [count]: Math.max(0, post.counts[count] + (value ? 1 : -1)) }
    : post.counts;
  return { ...post, counts, viewer: { ...NO_FLAGS, ...post.viewer, [flag]: value } };
}

function showEngagement({ post_id, counts, viewer }: Engagement): void {
  patchPost(post_id, (post) => ({ ...post, counts, viewer }));
}

const parameters = (postId: string, key: string) => ({
  params: { path: { post_id: postId }, header: idempotent(key) },
});

export const like = defineAction<PostInput, Engagement>({
  name: "posts.like",
  lane: ({ postId }) => `like ${postId}`,
  send: ({ postId }, key) => unwrap(api.PUT("/v2/posts/{post_id}/like", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "liked", true),
  succeed: showEngagement,
  failure: "posts.like_failed",
  waits: true,
});

export const unlike = defineAction<PostInput, Engagement>({
  name: "posts.unlike",
  lane: ({ postId }) => `like ${postId}`,
  send: ({ postId }, key) => unwrap(api.DELETE("/v2/posts/{post_id}/like", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "liked", false),
  succeed: showEngagement,
  failure: "posts.unlike_failed",
  waits: true,
});

export const repost = defineAction<PostInput, Engagement>({
  name: "posts.repost",
  lane: ({ postId }) => `repost ${postId}`,
  send: ({ postId }, key) => unwrap(api.PUT("/v2/posts/{post_id}/repost", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "reposted", true),
  succeed: showEngagement,
  failure: "posts.repost_failed",
  waits: true,
});

export const undoRepost = defineAction<PostInput, Engagement>({
  name: "posts.undo_repost",
  lane: ({ postId }) => `repost ${postId}`,
  send: ({ postId }, key) => unwrap(api.DELETE("/v2/posts/{post_id}/repost", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "reposted", false),
  succeed: showEngagement,
  failure: "posts.undo_repost_failed",
  waits: true,
});

export const bookmark = defineAction<PostInput, Engagement>({
  name: "posts.bookmark",
  lane: ({ postId }) => `bookmark ${postId}`,
  send: ({ postId }, key) => unwrap(api.PUT("/v2/posts/{post_id}/bookmark", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "bookmarked", true),
  succeed: (engagement) => {
    showEngagement(engagement);
    void queryClient.invalidateQueries({ queryKey: ["bookmarks"] });
  },
  failure: "posts.bookmark_failed",
  waits: true,
});

export const removeBookmark = defineAction<PostInput, Engagement>({
  name: "posts.remove_bookmark",
  lane: ({ postId }) => `bookmark ${postId}`,
  send: ({ postId }, key) => unwrap(api.DELETE("/v2/posts/{post_id}/bookmark", parameters(postId, key))),
  apply: ({ postId }) => engage(postId, "bookmarked", false),
  succeed: (engagement) => {
    showEngagement(engagement);
    void queryClient.invalidateQueries({ queryKey: ["bookmarks"] });
  },
  failure: "posts.remove_bookmark_failed",
  waits: true,
});

export const deletePost = defineAction<PostInput, unknown>({
  name: "posts.delete",
  // A page that is left sends it all the same.
  send: ({ postId }, key) =>
    unwrap(api.DELETE("/v2/posts/{post_id}", { ...parameters(postId, key), keepalive: true })),
  succeed: (_nothing, { postId }) => removePost(postId),
  failure: "posts.delete_failed",
});
