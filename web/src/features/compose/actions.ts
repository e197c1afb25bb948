import { cachedPost, patchPost, queryClient } from "../../api/cache";
import { type Medium, type Post, type Schemas, type TimelineItem, api, unwrap } from "../../api/client";
import { idempotent } from "../../api/idempotency";
import type { Pages } from "../../api/pages";
import { defineAction } from "../../offline/actions";

/** What a medium of the post is described by, where that is not the server's yet. */
export interface Description {
  mediumId: string;
  altText: string;
  focalPoint: Schemas["FocalPoint"] | null;
}

interface NewPostInput {
  post: Schemas["NewPost"];
  descriptions: readonly Description[];
}

export const createPost = defineAction<NewPostInput, Post>({
  name: "compose.create_post",
  send: async ({ post, descriptions }, key) => {
    await describe(descriptions, key);
    return unwrap(api.POST("/v2/posts", { params: { header: idempotent(key) }, body: post }));
  },
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

interface PostEdit {
  postId: string;
  /** The state of the post that the edit is based on. */
  etag: string;
  change: Schemas["PostChange"];
  descriptions: readonly Description[];
  /** The media as the post shows them from now on. */
  media: Post["media"];
}

export const updatePost = defineAction<PostEdit, Post>({
  name: "compose.update_post",
  send: async ({ postId, etag, change, descriptions }, key) => {
    const header = { ...idempotent(key), "If-Match": etag };
    const post = await unwrap(
      api.PATCH("/v2/posts/{post_id}", { params: { path: { post_id: postId }, header }, body: change }),
    );
    if (descriptions.length === 0) return post;
    // Only once the edit was taken: media of a post show a description at once.
    const described = new Map((await describe(descriptions, key)).map((medium) => [medium.id, medium]));
    return { ...post, media: post.media.map((medium) => described.get(medium.id) ?? medium) };
  },
  apply: showEdit,
  succeed: (edited) => {
    // What does not belong to the edit is as new as the stream has it.
    patchPost(edited.id, (post) => ({ ...post, ...editableParts(edited) }));
    void queryClient.invalidateQueries({ queryKey: ["posts", edited.id, "revisions"] });
  },
  failure: "compose.edit_failed",
});

function describe(descriptions: readonly Description[], key: string): Promise<Medium[]> {
  return Promise.all(
    descriptions.map(({ mediumId, altText, focalPoint }) =>
      unwrap(
        api.PATCH("/v2/media/{medium_id}", {
          params: { path: { medium_id: mediumId }, header: idempotent(`${key}.${mediumId}`) },
          body: { alt_text: altText, focal_point: focalPoint },
        }),
      ),
    ),
  );
}

/** Shows an edit at once; mentions and hashtags become links with the answer. Returns what takes it back. */
function showEdit({ postId, change, media }: PostEdit): () => void {
  const before = cachedPost(postId);
  if (!before) return () => undefined;
  const changed = change.text !== textOf(before) || change.media_ids !== undefined;
  patchPost(postId, (post) => ({
    ...post,
    content: change.text === textOf(post) ? post.content : [{ type: "text", text: change.text }],
    media,
    media_ids: media.map(({ id }) => id),
    edited_at: changed ? new Date().toISOString() : post.edited_at,
  }));
  return () => patchPost(postId, (post) => ({ ...post, ...editableParts(before) }));
}

function editableParts({ content, media, media_ids, edited_at, revision, language }: Post): Partial<Post> {
  return { content, media, media_ids, edited_at, revision, language };
}

/** The text of a post as its author wrote it. */
export function textOf({ content }: Post): string {
  return content.map((segment) => segment.text).join("");
}

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
