import type { MessageId } from "../../i18n/messages";

export interface Operator {
  /** What is written into the query. `|` is where the cursor stands then. */
  insert: string;
  /** As the help shows it. */
  example: string;
  label: MessageId;
}

/** The operators of queries, as `docs/search.md` lists them, the most useful first. */
export const OPERATORS: readonly Operator[] = [
  { insert: "from:|", example: "from:alice", label: "search.op_from" },
  { insert: "\"|\"", example: "\"along the river\"", label: "search.op_phrase" },
  { insert: "-|", example: "-word", label: "search.op_not" },
  { insert: " OR |", example: "heron OR owl", label: "search.op_or" },
  { insert: "(|)", example: "(heron OR owl) dawn", label: "search.op_group" },
  { insert: "has:media", example: "has:media", label: "search.op_media" },
  { insert: "has:images", example: "has:images", label: "search.op_images" },
  { insert: "has:video", example: "has:video", label: "search.op_video" },
  { insert: "has:audio", example: "has:audio", label: "search.op_audio" },
  { insert: "has:alt", example: "has:alt", label: "search.op_alt" },
  { insert: "has:links", example: "has:links", label: "search.op_links" },
  { insert: "has:replies", example: "has:replies", label: "search.op_replies" },
  { insert: "has:quotes", example: "has:quotes", label: "search.op_quotes" },
  { insert: "is:reply", example: "is:reply", label: "search.op_reply" },
  { insert: "is:quote", example: "is:quote", label: "search.op_quote" },
  { insert: "since:|", example: "since:2026-11-20", label: "search.op_since" },
  { insert: "until:|", example: "until:2026-11-30", label: "search.op_until" },
  { insert: "lang:|", example: "lang:ja", label: "search.op_lang" },
  { insert: "to:|", example: "to:alice", label: "search.op_to" },
  { insert: "mentions:|", example: "mentions:me", label: "search.op_mentions" },
  { insert: "#|", example: "#running", label: "search.op_hashtag" },
  { insert: "domain:|", example: "domain:parks.example", label: "search.op_domain" },
  { insert: "url:|", example: "url:parks.example/river", label: "search.op_url" },
  { insert: "min_likes:|", example: "min_likes:10", label: "search.op_min_likes" },
  { insert: "in:following", example: "in:following", label: "search.op_in_following" },
  { insert: "in:bookmarks", example: "in:bookmarks", label: "search.op_in_bookmarks" },
  { insert: "in:own", example: "in:own", label: "search.op_in_own" },
];

/** Those that stand below the field. */
export const FREQUENT: readonly Operator[] = ["from:|", "has:media", "since:|", "\"|\"", "-|"].flatMap((insert) =>
  OPERATORS.filter((operator) => operator.insert === insert),
);

/** The query with an operator at the cursor, and where the cursor stands then. */
export function withOperator(query: string, cursor: number, insert: string): { query: string; cursor: number } {
  const before = query.slice(0, cursor).trimEnd();
  const after = query.slice(cursor).trimStart();
  const place = insert.trim();
  const at = place.indexOf("|");
  const written = place.replace("|", "");
  const start = before ? `${before} ` : "";
  return {
    query: `${start}${written}${after ? ` ${after}` : at === -1 ? " " : ""}`,
    cursor: start.length + (at === -1 ? written.length + 1 : at),
  };
}
