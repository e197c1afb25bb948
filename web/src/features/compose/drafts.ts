/** Drafts of posts, kept in the browser with each change, so that they survive a crash. */

import type { Schemas } from "../../api/client";
import type { Attachment } from "./attachments";

export type Visibility = NonNullable<Schemas["NewPost"]["visibility"]>;

export interface Draft {
  text: string;
  visibility: Visibility;
  /** An ISO 639 code; null to have it detected. */
  language: string | null;
  attachments: Attachment[];
  /** The state of the post that an edit began with. */
  etag?: string;
}

/** What a post is written for: each has a draft of its own. */
export type DraftContext = "new" | `reply:${string}` | `quote:${string}` | `edit:${string}`;

const PREFIX = "roost.draft";

function item(userId: string, context: DraftContext): string {
  return `${PREFIX}.${userId}.${context}`;
}

export function readDraft(userId: string, context: DraftContext): Draft | undefined {
  const stored = localStorage.getItem(item(userId, context));
  if (!stored) return undefined;
  // Drafts of earlier releases have neither language nor media.
  return { language: null, attachments: [], ...(JSON.parse(stored) as Pick<Draft, "text" | "visibility">) };
}

/** Keeps a draft; one without text and media is removed. */
export function keepDraft(userId: string, context: DraftContext, draft: Draft): void {
  if (draft.text.trim() === "" && draft.attachments.length === 0) removeDraft(userId, context);
  else localStorage.setItem(item(userId, context), JSON.stringify(draft));
}

export function removeDraft(userId: string, context: DraftContext): void {
  localStorage.removeItem(item(userId, context));
}
