import { Link } from "@tanstack/react-router";
import { Fragment, type ReactNode } from "react";

import type { Matches, Post, Segment } from "../../api/client";
import styles from "./PostContent.module.css";

/** Addresses are shown without their scheme, and up to so many characters. */
const MAX_LINK_CHARACTERS = 36;

interface PostContentProps {
  content: readonly Segment[];
  language: Post["language"];
  /** Cuts a long text; its page shows all of it. */
  clamped?: boolean;
  /** Parts of the text that stand out, by code points. */
  marked?: Matches["ranges"] | undefined;
}

/** The text of a post with its mentions, hashtags and links. */
export function PostContent({ content, language, clamped = false, marked }: PostContentProps) {
  if (content.length === 0) return null;
  const ranges = marked?.filter((range) => range.medium_id === null) ?? [];
  const starts = ranges.length > 0 ? startsOf(content) : [];
  return (
    <div
      className={styles.content}
      data-clamped={clamped}
      dir="auto"
      lang={language && language !== "und" ? language : undefined}
    >
      {content.map((segment, index) => (
        <Fragment key={index}>
          <SegmentText segment={segment} ranges={ranges} start={starts[index] ?? 0} />
        </Fragment>
      ))}
    </div>
  );
}

interface SegmentTextProps {
  segment: Segment;
  ranges: Matches["ranges"];
  /** Where the segment begins in the text, in code points. */
  start: number;
}

function SegmentText({ segment, ranges, start }: SegmentTextProps) {
  const shown = marks(segment.text, start, ranges);
  switch (segment.type) {
    case "mention":
      return (
        <Link to="/@{$handle}" params={{ handle: segment.handle }}>
          <bdi>{shown}</bdi>
        </Link>
      );
    case "hashtag":
      return (
        <Link to="/tags/$tag" params={{ tag: segment.tag }}>
          <bdi>{shown}</bdi>
        </Link>
      );
    case "link":
      return (
        <a href={segment.url} target="_blank" rel="nofollow noopener noreferrer" title={segment.url} dir="ltr">
          {/* An address is shortened, so it stands out as a whole. */}
          {shown === segment.text ? shortLink(segment.text) : <mark>{shortLink(segment.text)}</mark>}
        </a>
      );
    default:
      return shown;
  }
}

/** Where each segment begins in the text, in code points. */
function startsOf(content: readonly Segment[]): number[] {
  let at = 0;
  return content.map((segment) => {
    const start = at;
    at += [...segment.text].length;
    return start;
  });
}

/** A text that begins at `start`, with `<mark>` around its parts in the ranges. */
function marks(text: string, start: number, ranges: Matches["ranges"]): ReactNode {
  if (ranges.length === 0) return text;
  const signs = [...text];
  const parts: ReactNode[] = [];
  let at = 0;
  for (const range of ranges) {
    const from = Math.max(range.start - start, at);
    const to = Math.min(range.end - start, signs.length);
    if (from >= to) continue;
    parts.push(signs.slice(at, from).join(""), <mark key={from}>{signs.slice(from, to).join("")}</mark>);
    at = to;
  }
  return parts.length === 0 ? text : [...parts, signs.slice(at).join("")];
}

function shortLink(text: string): string {
  const address = text.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
  const characters = [...address];
  return characters.length > MAX_LINK_CHARACTERS
    ? `${characters.slice(0, MAX_LINK_CHARACTERS - 1).join("")}…`
    : address;
}
