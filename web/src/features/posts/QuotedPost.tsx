import { useNavigate } from "@tanstack/react-router";

import type { Post } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { useText } from "../../i18n/messages";
import { RelativeTime } from "../../i18n/times";
import { MediaGrid } from "../media/MediaGrid";
import { UserName } from "../users/UserName";
import styles from "./PostCard.module.css";
import { PostContent } from "./PostContent";
import { isOfItself } from "./clicks";
import { isBlocked } from "./hidden";

/** A post inside of the post that quotes it. */
export function QuotedPost({ post }: { post: Post | null }) {
  const text = useText();
  const navigate = useNavigate();
  if (!post?.author || post.deleted || isBlocked(post.author)) {
    return <div className={`${styles.quoted} ${styles.quotedGone}`}>{text("posts.quoted_gone")}</div>;
  }
  const open = () => void navigate({ to: "/posts/$postId", params: { postId: post.id } });
  return (
    // The card around it is a link for keyboards too: its time.
    <div
      className={styles.quoted}
      role="link"
      tabIndex={0}
      aria-label={text("posts.quoted_by", { name: post.author.display_name })}
      onClick={(event) => {
        event.stopPropagation();
        if (!isOfItself(event)) open();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) open();
      }}
    >
      <div className={styles.quotedHead}>
        <Avatar user={post.author} size={22} />
        <UserName user={post.author} />
        <span className={styles.dot}>
          <RelativeTime value={post.created_at} className={styles.time} />
        </span>
      </div>
      <PostContent content={post.content} language={post.language} clamped />
      <MediaGrid media={post.media} />
    </div>
  );
}
