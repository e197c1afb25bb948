/** The media of a draft, and which files the server takes. */

import type { Medium, Schemas } from "../../api/client";

export type FocalPoint = Schemas["FocalPoint"];
type MediaLimits = Schemas["MediaLimits"];
type Kind = NonNullable<Medium["kind"]>;

/** A medium of a draft. */
export interface Attachment {
  /** Names it in this browser, and is the idempotency key of its upload. */
  id: string;
  /** The id of the medium, once its upload has begun. */
  mediumId?: string;
  name: string;
  contentType: string;
  altText: string;
  focalPoint: FocalPoint | null;
  /** Whether the description or the focal point is not the server's yet. */
  changed: boolean;
}

/** Why a file is not taken. */
export interface Refusal {
  name: string;
  reason: "MEDIA_TYPE_NOT_ALLOWED" | "MEDIA_TOO_LARGE" | "MEDIA_COMBINATION_NOT_ALLOWED";
  /** The largest size, where the file is larger. */
  maxBytes?: number;
}

/** Types that browsers on some systems do not have. */
const TYPES_BY_ENDING: Record<string, string> = {
  avif: "image/avif",
  flac: "audio/flac",
  heic: "image/heic",
  heif: "image/heif",
  m4a: "audio/mp4",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  ogg: "audio/ogg",
  webp: "image/webp",
};

export function contentTypeOf(file: File): string {
  return file.type || (TYPES_BY_ENDING[file.name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "");
}

/** The types that a file chooser offers. */
export function acceptedTypes(limits: MediaLimits): string {
  return [...new Set(limits.kinds.flatMap((kind) => kind.content_types))].join(",");
}

/** The kind as far as the type says it: an animation is a picture until the server has read it. */
export function kindOf(contentType: string): Kind | undefined {
  const [group] = contentType.split("/");
  if (group === "image") return "picture";
  return group === "video" || group === "audio" ? group : undefined;
}

/** Whether a post can have media of these kinds. */
export function canCombine(kinds: readonly Kind[], limits: MediaLimits): boolean {
  const [first] = kinds;
  if (first === undefined) return true;
  const most = limits.kinds.find(({ kind }) => kind === first)?.max_per_post ?? 1;
  return kinds.every((kind) => kind === first) && kinds.length <= most;
}

/** Parts files into those that the draft can have besides its own media, and those that it cannot. */
export function sortFiles(
  files: readonly File[],
  present: readonly Kind[],
  limits: MediaLimits,
): { accepted: File[]; refusals: Refusal[] } {
  const accepted: File[] = [];
  const refusals: Refusal[] = [];
  const kinds = [...present];
  for (const file of files) {
    const { name } = file;
    const type = contentTypeOf(file);
    const kind = kindOf(type);
    const accepting = limits.kinds.filter((each) => each.content_types.includes(type));
    const maxBytes = Math.max(...accepting.map((each) => each.max_bytes));
    if (kind === undefined || accepting.length === 0) refusals.push({ name, reason: "MEDIA_TYPE_NOT_ALLOWED" });
    else if (file.size > maxBytes) refusals.push({ name, reason: "MEDIA_TOO_LARGE", maxBytes });
    else if (file.size === 0) refusals.push({ name, reason: "MEDIA_TYPE_NOT_ALLOWED" });
    else if (!canCombine([...kinds, kind], limits)) refusals.push({ name, reason: "MEDIA_COMBINATION_NOT_ALLOWED" });
    else {
      kinds.push(kind);
      accepted.push(file);
    }
  }
  return { accepted, refusals };
}

/** A medium that a post has already. */
export function attachmentOf(medium: Medium): Attachment {
  return {
    id: medium.id,
    mediumId: medium.id,
    name: "",
    contentType: "",
    altText: medium.alt_text,
    focalPoint: medium.focal_point ?? null,
    changed: false,
  };
}
