import { Link } from "@tanstack/react-router";

import type { Post } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { Text, useText } from "../../i18n/messages";
import { useFullTime, useShortNumber } from "../../i18n/times";
import { MediaGrid } from "../media/MediaGrid";
import { FollowButton } from "../users/FollowButton";
import { ProfileHover } from "../users/ProfileHover";
import { UserName } from "../users/UserName";
import { EditedMark } from "./EditedMark";
import { PostActions } from "./PostActions";
import { BlockedPost, VisibilityMark } from "./PostCard";
import styles from "./PostCard.module.css";
import { PostContent } from "./PostContent";
import { PostMenu } from "./PostMenu";
import { QuotedPost } from "./QuotedPost";
import { isBlocked } from "./hidden";

/** The post that a page is about, larger and with all of its facts. */
export function FocusedPost({ post, lineAbove }: { post: Post; lineAbove: boolean }) {
  const text = useText();
  const number = useShortNumber();
  const created = useFullTime(post.created_at);
  const { author, counts } = post;
  if (post.deleted || !author) return <article className={styles.tombstone}>{text("posts.gone")}</article>;
  if (isBlocked(author)) return <BlockedPost author={author} />;
  const facts = [
    { id: "posts.reposts", to: "/posts/$postId/reposts", count: counts.reposts },
    { id: "posts.quotes", to: "/posts/$postId/quotes", count: counts.quotes },
    { id: "posts.likes", to: "/posts/$postId/likes", count: counts.likes },
  ] as const;

  return (
    <article className={styles.focused} aria-labelledby="focused-author" style={{ position: "relative" }}>
      {lineAbove && <span className={styles.lineAbove} />}
      <div className={styles.focusedHead}>
        <ProfileHover user={author}>
          <Link id="focused-author" to="/@{$handle}" params={{ handle: author.handle }} className={styles.author}>
            <Avatar user={author} />
            <UserName user={author} stacked />
          </Link>
        </ProfileHover>
        {author.relationship && !author.relationship.following && <FollowButton user={author} size="small" />}
        <PostMenu post={post} />
      </div>
      <div className={styles.focusedText}>
        <PostContent content={post.content} language={post.language} />
      </div>
      <MediaGrid media={post.media} />
      {post.quoted_post_id && <QuotedPost post={post.quote_hidden ? null : post.quoted_post} />}
      <p className={styles.facts}>
        <time dateTime={post.created_at}>{created}</time>
        {post.edited_at && <EditedMark post={post} editedAt={post.edited_at} full />}
        <VisibilityMark visibility={post.visibility} />
        {facts
          .filter(({ count }) => count > 0)
          .map(({ id, to, count }) => (
            <Link key={id} to={to} params={{ postId: post.id }}>
              <Text id={id} values={{ count, number: <strong key="number">{number(count)}</strong> }} />
            </Link>
          ))}
      </p>
      <div className={styles.focusedActions}>
        <PostActions post={post} />
      </div>
    </article>
  );
}
