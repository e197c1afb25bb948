import { Link } from "@tanstack/react-router";
import { Fragment } from "react";

import type { Post, Segment } from "../../api/client";
import styles from "./PostContent.module.css";

/** Addresses are shown without their scheme, and up to so many characters. */
const MAX_LINK_CHARACTERS = 36;

interface PostContentProps {
  content: readonly Segment[];
  language: Post["language"];
  /** Cuts a long text; its page shows all of it. */
  clamped?: boolean;
}

/** The text of a post with its mentions, hashtags and links. */
export function PostContent({ content, language, clamped = false }: PostContentProps) {
  if (content.length === 0) return null;
  return (
    <div
      className={styles.content}
      data-clamped={clamped}
      dir="auto"
      lang={language && language !== "und" ? language : undefined}
    >
      {content.map((segment, index) => (
        <Fragment key={index}>
          <SegmentText segment={segment} />
        </Fragment>
      ))}
    </div>
  );
}

function SegmentText({ segment }: { segment: Segment }) {
  switch (segment.type) {
    case "mention":
      return (
        <Link to="/@{$handle}" params={{ handle: segment.handle }}>
          <bdi>{segment.text}</bdi>
        </Link>
      );
    case "hashtag":
      return (
        <Link to="/tags/$tag" params={{ tag: segment.tag }}>
          <bdi>{segment.text}</bdi>
        </Link>
      );
    case "link":
      return (
        <a href={segment.url} target="_blank" rel="nofollow noopener noreferrer" title={segment.url} dir="ltr">
          {shortLink(segment.text)}
        </a>
      );
    default:
      return segment.text;
  }
}

function shortLink(text: string): string {
  const address = text.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
  const characters = [...address];
  return characters.length > MAX_LINK_CHARACTERS
    ? `${characters.slice(0, MAX_LINK_CHARACTERS - 1).join("")}…`
    : address;
}
