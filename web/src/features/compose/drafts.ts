/** Drafts of posts, kept in the browser with each key press, so that they survive a crash. */

import type { Schemas } from "../../api/client";

export type Visibility = NonNullable<Schemas["NewPost"]["visibility"]>;

export interface Draft {
  text: string;
  visibility: Visibility;
}

/** What a post is written for: each has a draft of its own. */
export type DraftContext = "new" | `reply:${string}` | `quote:${string}`;

const PREFIX = "roost.draft";

function item(userId: string, context: DraftContext): string {
  return `${PREFIX}.${userId}.${context}`;
}

export function readDraft(userId: string, context: DraftContext): Draft | undefined {
  const stored = localStorage.getItem(item(userId, context));
  return stored ? (JSON.parse(stored) as Draft) : undefined;
}

/** Keeps a draft; one without text is removed. */
export function keepDraft(userId: string, context: DraftContext, draft: Draft): void {
  if (draft.text.trim() === "") removeDraft(userId, context);
  else localStorage.setItem(item(userId, context), JSON.stringify(draft));
}

export function removeDraft(userId: string, context: DraftContext): void {
  localStorage.removeItem(item(userId, context));
}
