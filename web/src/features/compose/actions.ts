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
    if (post.reply_to) addToReplies(post, post.reply_to.post_id);
    if (post.quoted_post_id) count(post.quoted_post_id, "quotes");
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
  count(postId, "replies");
}

function count(postId: string, name: "replies" | "quotes"): void {
  patchPost(postId, (post) => ({ ...post, counts: { ...post.counts, [name]: post.counts[name] + 1 } }));
}
