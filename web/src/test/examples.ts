/** Objects of the API for tests. */

import type { Post, Relationship, User } from "../api/client";

export const ada: User = {
  id: "1",
  handle: "ada",
  display_name: "Ada",
  bio: "",
  location: "",
  website: "",
  avatar_media_id: null,
  avatar: null,
  banner_media_id: null,
  banner: null,
  protected: false,
  followers_count: 2,
  following_count: 3,
  posts_count: 1,
  created_at: "2026-01-01T00:00:00.000Z",
};

export const hello: Post = {
  id: "10",
  author: ada,
  content: [
    { type: "text", text: "Hello " },
    { type: "hashtag", text: "#roost", tag: "roost" },
  ],
  visibility: "public",
  reply_to: null,
  conversation_id: "10",
  quoted_post_id: null,
  quoted_post: null,
  quote_hidden: false,
  media_ids: [],
  media: [],
  created_at: "2026-01-01T00:00:00.000Z",
  edited_at: null,
  revision: 1,
  counts: { likes: 4, reposts: 0, replies: 0, quotes: 0 },
  language: "en",
  deleted: false,
  viewer: { liked: false, reposted: false, bookmarked: false },
};

export const NO_RELATIONSHIP: Omit<Relationship, "user_id"> = {
  following: false,
  followed_by: false,
  follow_requested: false,
  follow_requested_by: false,
  blocking: false,
  blocked_by: false,
  muting: false,
};

/** A user as somebody who is signed in sees them. */
export function person(
  id: string,
  handle: string,
  changes: Partial<User> = {},
  relationship: Partial<Relationship> = {},
): User {
  return {
    ...ada,
    id,
    handle,
    display_name: handle.toUpperCase(),
    ...changes,
    relationship: { ...NO_RELATIONSHIP, user_id: id, ...relationship },
  };
}
