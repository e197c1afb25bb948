/** Media and limits of the API for tests. */

import type { Medium, Schemas } from "../api/client";

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
