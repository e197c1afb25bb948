/** The mention or hashtag that is being typed, and how a suggestion takes its place. */

import type { Schemas } from "../../api/client";

export type Suggestion = Schemas["Suggestions"]["items"][number];

/** The word around the caret, from its `@` or `#` on. */
export interface TypedWord {
  /** With its sign, up to the caret. */
  query: string;
  start: number;
  /** After the last character of the word, which may be behind the caret. */
  end: number;
}

const MAX_CHARACTERS = 50;
// A sign inside of a word, as in an address, begins nothing.
const BEFORE = /(?<![\p{L}\p{M}\p{N}_@#/])[@#][\p{L}\p{M}\p{N}_]+$/u;
const AFTER = /^[\p{L}\p{M}\p{N}_]*/u;

/** The mention or hashtag before the caret; undefined where there is none. */
export function wordAt(text: string, caret: number): TypedWord | undefined {
  const query = BEFORE.exec(text.slice(0, caret))?.[0];
  if (query === undefined || [...query].length > MAX_CHARACTERS) return undefined;
  const rest = AFTER.exec(text.slice(caret))?.[0] ?? "";
  return { query, start: caret - query.length, end: caret + rest.length };
}

/** The text with a suggestion in place of the word, and where the caret is then. */
export function complete(text: string, word: TypedWord, suggestion: Suggestion): { text: string; caret: number } {
  const chosen = suggestion.type === "user" ? `@${suggestion.user.handle}` : `#${suggestion.hashtag.tag}`;
  const rest = text.slice(word.end);
  const space = /^\s/.test(rest) ? "" : " ";
  return { text: text.slice(0, word.start) + chosen + space + rest, caret: word.start + chosen.length + 1 };
}

export function keyOf(suggestion: Suggestion): string {
  return suggestion.type === "user" ? `user ${suggestion.user.id}` : `hashtag ${suggestion.hashtag.tag}`;
}
