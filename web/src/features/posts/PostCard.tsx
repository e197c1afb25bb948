import { Link, useNavigate } from "@tanstack/react-router";
import { AtSign, Lock, Repeat2 } from "lucide-react";
import { memo, useState } from "react";

import type { Matches, Post, User } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { Text, useText } from "../../i18n/messages";
import { RelativeTime } from "../../i18n/times";
import { useShortcuts } from "../../keyboard/shortcuts";
import { useComposer } from "../compose/ComposerProvider";
import { MediaGrid } from "../media/MediaGrid";
import { useMyId } from "../sessions/useSession";
import { FollowButton } from "../users/FollowButton";
import { ProfileHover } from "../users/ProfileHover";
import { UserName } from "../users/UserName";
import { PostActions } from "./PostActions";
import styles from "./PostCard.module.css";
import { PostContent } from "./PostContent";
import { PostMenu } from "./PostMenu";
import { QuotedPost } from "./QuotedPost";
import { isOfItself } from "./clicks";
import { isBlocked } from "./hidden";
import { useEngagement } from "./useEngagement";

interface PostCardProps {
  post: Post;
  /** Who brought it into the list by a repost. */
  repostedBy?: User | null;
  /** Joins it with the card above or below, as in a conversation. */
  lineAbove?: boolean;
  lineBelow?: boolean;
  /** Whether the page shows what it answers. */
  inThread?: boolean;
  /** Its place in a list, from 1. */
  position?: number;
  /** The parts of its text that a search found. */
  matches?: Matches | undefined;
}

/** A post in a list. */
export const PostCard = memo(function PostCard({
  post,
  repostedBy = null,
  lineAbove = false,
  lineBelow = false,
  inThread = false,
  position,
  matches,
}: PostCardProps) {
  const text = useText();
  const navigate = useNavigate();
  const [focused, setFocused] = useState(false);
  const { author } = post;

  if (post.deleted || !author) {
    return (
      <article className={styles.tombstone} aria-posinset={position} aria-setsize={-1}>
        {text("posts.gone")}
      </article>
    );
  }
  if (isBlocked(author)) return <BlockedPost author={author} position={position} />;
  const open = () => void navigate({ to: "/posts/$postId", params: { postId: post.id } });
  const nameId = `post-${post.id}-author`;

  return (
    // A click anywhere opens the post; with the keyboard Enter does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className={styles.card}
      data-post-card
      data-line-below={lineBelow}
      // A feed moves from article to article.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-labelledby={nameId}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
      onClick={(event) => {
        if (!isOfItself(event)) open();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) open();
      }}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
    >
      {focused && <PostShortcuts post={post} />}
      {lineAbove && <span className={styles.lineAbove} />}
      {repostedBy && <RepostedBy user={repostedBy} />}
      <div className={styles.avatar}>
        <ProfileHover user={author}>
          <Link to="/@{$handle}" params={{ handle: author.handle }} tabIndex={-1} aria-hidden>
            <Avatar user={author} />
          </Link>
        </ProfileHover>
        {lineBelow && <span className={styles.line} />}
      </div>
      <div>
        <div className={styles.head}>
          <ProfileHover user={author}>
            <Link
              id={nameId}
              to="/@{$handle}"
              params={{ handle: author.handle }}
              className={styles.author}
            >
              <UserName user={author} />
            </Link>
          </ProfileHover>
          <span className={`${styles.time} ${styles.dot}`}>
            <Link to="/posts/$postId" params={{ postId: post.id }}>
              <RelativeTime value={post.created_at} />
            </Link>
          </span>
          {post.edited_at && <span className={`${styles.time} ${styles.dot}`}>{text("posts.edited")}</span>}
          <VisibilityMark visibility={post.visibility} />
          <span className={styles.menu}>
            <PostMenu post={post} />
          </span>
        </div>
        {post.reply_to && !inThread && <p className={styles.replying}>{text("posts.in_reply")}</p>}
        <PostContent
          content={post.content}
          language={post.language}
          clamped
          marked={matches?.revision === post.revision ? matches.ranges : undefined}
        />
        <MediaGrid media={post.media} />
        {post.quoted_post_id && <QuotedPost post={post.quote_hidden ? null : post.quoted_post} />}
        <PostActions post={post} />
      </div>
    </article>
  );
});

function RepostedBy({ user }: { user: User }) {
  const me = useMyId() === user.id;
  const text = useText();
  return (
    <div className={styles.above}>
      <Repeat2 size={18} />
      {me ? (
        text("posts.reposted_by_me")
      ) : (
        <Link to="/@{$handle}" params={{ handle: user.handle }}>
          <Text id="posts.reposted_by" values={{ name: <bdi>{user.display_name}</bdi> }} />
        </Link>
      )}
    </div>
  );
}

/** Stands in place of a post whose author the caller blocks. */
export function BlockedPost({ author, position }: { author: User; position?: number | undefined }) {
  const text = useText();
  return (
    <article
      className={`${styles.tombstone} ${styles.blocked}`}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
    >
      {text("users.blocked", { handle: author.handle })}
      <FollowButton user={author} size="small" />
    </article>
  );
}

/** Who can read a post, where that is not everybody. */
export function VisibilityMark({ visibility }: { visibility: Post["visibility"] }) {
  const text = useText();
  if (visibility !== "followers" && visibility !== "mentioned") return null;
  const label = text(`posts.visibility_${visibility}`);
  const Icon = visibility === "followers" ? Lock : AtSign;
  return (
    <span className={styles.mark} role="img" aria-label={label} title={label}>
      <Icon size={14} />
    </span>
  );
}

/** The keys that work on the post with the focus. */
function PostShortcuts({ post }: { post: Post }) {
  const compose = useComposer();
  const signedIn = useMyId() !== undefined;
  const { toggleLike, toggleRepost, toggleBookmark } = useEngagement(post);
  useShortcuts(
    signedIn
      ? [
          { keys: "l", label: "posts.like", run: toggleLike },
          { keys: "r", label: "posts.reply", run: () => compose.open({ replyTo: post }) },
          ...(post.visibility === "public"
            ? [{ keys: "t", label: "posts.repost" as const, run: toggleRepost }]
            : []),
          { keys: "q", label: "posts.quote", run: () => compose.open({ quoted: post }) },
          { keys: "b", label: "posts.bookmark", run: toggleBookmark },
        ]
      : [],
  );
  return null;
}
