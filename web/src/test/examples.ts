/** Objects of the API for tests. */

import type { Medium, Post, Relationship, Schemas, User } from "../api/client";

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

export const limits: Schemas["Limits"] = {
  texts: Object.fromEntries(
    ["post", "alt_text", "display_name", "bio", "location", "website"].map((name) => [
      name,
      { max_characters: 500, max_code_points: 5000 },
    ]),
  ) as Schemas["Limits"]["texts"],
  media: {
    kinds: [
      kind("picture", ["image/jpeg", "image/png", "image/gif"], 4),
      kind("animation", ["image/gif"], 1),
      kind("video", ["video/mp4"], 1),
      kind("audio", ["audio/mpeg"], 1),
    ],
    max_form_bytes: 1000,
    max_day_bytes: 100_000,
    max_day_uploads: 100,
    unattached_seconds: 86_400,
  },
};

function kind(
  name: Schemas["MediumLimits"]["kind"],
  types: string[],
  most: number,
): Schemas["MediumLimits"] {
  return {
    kind: name,
    content_types: types,
    max_bytes: 2000,
    max_pixels: null,
    max_frames: null,
    max_total_pixels: null,
    max_duration_ms: null,
    max_per_post: most,
  };
}

/** A picture that is ready. */
export const heron: Medium = {
  id: "50",
  kind: "picture",
  state: "ready",
  failure: null,
  progress: 100,
  alt_text: "",
  width: 400,
  height: 300,
  duration_ms: null,
  has_sound: false,
  blurhash: null,
  dominant_color: "#3a6f8c",
  focal_point: null,
  waveform: null,
  variants: [
    {
      name: "small",
      url: "http://media.test/small.webp",
      width: 400,
      height: 300,
      content_type: "image/webp",
      size_bytes: 900,
      codec: "webp",
    },
  ],
  url_expires_at: null,
  expires_at: null,
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
