import { patchPost, queryClient } from "../../api/cache";
import { type Post, type Schemas, type TimelineItem, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import type { Pages } from "../../api/pages";
import { defineAction } from "../../offline/actions";

export const createPost = defineAction<Schemas["NewPost"], Post>({
  name: "compose.create_post",
  send: (post, key) => unwrap(api.POST("/v2/posts", { params: { header: idempotent(key) }, body: post })),
  succeed: (post) => {
    addToHome(post);
    if (post.reply_to) {
      addToReplies(post, post.reply_to.post_id);
      void refreshCounts(post.reply_to.post_id);
    }
    if (post.quoted_post_id) void refreshCounts(post.quoted_post_id);
    if (post.author) {
      void queryClient.invalidateQueries({ queryKey: ["users", post.author.id, "timeline"] });
    }
  },
  failure: "compose.failed",
  waits: true,
});

/** The user's own post stands in their home at once. */
function addToHome(post: Post): void {
  queryClient.setQueryData<Pages<TimelineItem>>(["timelines", "home", "latest"], (pages) => {
    const [first, ...others] = pages?.pages ?? [];
    if (!pages || !first || first.items.some((item) => item.id === post.id)) return pages;
    const item: TimelineItem = { id: post.id, post, reposted_by: null };
    return { ...pages, pages: [{ ...first, items: [item, ...first.items] }, ...others] };
  });
}

/** A reply stands below what it answers, after those that were read. */
function addToReplies(reply: Post, postId: string): void {
  queryClient.setQueryData<Pages<Post>>(["posts", postId, "replies"], (pages) => {
    const last = pages?.pages.at(-1);
    if (!pages || !last || last.items.some((post) => post.id === reply.id)) return pages;
    return { ...pages, pages: [...pages.pages.slice(0, -1), { ...last, items: [...last.items, reply] }] };
  });
}

/** The counts as the server has them: the stream may have brought them already. */
async function refreshCounts(postId: string): Promise<void> {
  try {
    const { items } = await unwrap(api.GET("/v2/posts", { params: { query: { ids: postId } } }));
    for (const { id, counts } of items) patchPost(id, (post) => ({ ...post, counts }));
  } catch {
    // They are read again with the next list.
  }
}
