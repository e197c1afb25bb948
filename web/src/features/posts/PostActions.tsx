import { Bookmark, Heart, MessageCircle, Quote, Repeat2 } from "lucide-react";
import type { ReactNode } from "react";

import type { Post } from "../../api/client";
import { Menu } from "../../design/Menu";
import { classes } from "../../design/classes";
import { type MessageId, useText } from "../../i18n/messages";
import { useShortNumber } from "../../i18n/times";
import { type ComposeFor, useComposer } from "../compose/ComposerProvider";
import { useSignInPrompt } from "../sessions/SignInPrompt";
import type { Intent } from "../sessions/intent";
import { useMyId } from "../sessions/useSession";
import styles from "./PostActions.module.css";
import { bookmark, like, repost } from "./actions";
import { useEngagement } from "./useEngagement";

/** The row below a post: reply, repost or quote, like, bookmark. */
export function PostActions({ post }: { post: Post }) {
  const text = useText();
  const number = useShortNumber();
  const signedIn = useMyId() !== undefined;
  const prompt = useSignInPrompt();
  const compose = useComposer();
  const { toggleLike, toggleRepost, toggleBookmark } = useEngagement(post);
  const { liked = false, reposted = false, bookmarked = false } = post.viewer ?? {};
  const { replies, reposts, quotes, likes } = post.counts;
  const shared = reposts + quotes;

  /** A stranger is led to sign in. They come back to the post, and it is done. */
  const act = (run: () => void, title: MessageId, intent: Intent) => () => {
    if (signedIn) run();
    else prompt({ title, intent, to: `/posts/${post.id}` });
  };
  const engage = (run: () => void, title: MessageId, { name }: { name: string }) =>
    act(run, title, { kind: "action", name, input: { postId: post.id } });
  const write = (target: ComposeFor, title: MessageId) =>
    act(() => compose.open(target), title, { kind: "compose", target });
  const reply = write({ replyTo: post }, "sessions.prompt_reply");
  const quote = write({ quoted: post }, "sessions.prompt_quote");
  const mayRepost = post.visibility === "public";

  return (
    <div className={styles.actions}>
      <button
        type="button"
        className={styles.action}
        onClick={reply}
        aria-label={text("posts.reply_count", { count: replies })}
        title={text("posts.reply")}
      >
        <MessageCircle size={19} />
        <Count value={replies} format={number} />
      </button>
      <Menu
        label={text("posts.repost_or_quote")}
        items={[
          {
            label: text(reposted ? "posts.undo_repost" : "posts.repost"),
            icon: <Repeat2 size={18} />,
            onSelect: engage(toggleRepost, "sessions.prompt_repost", repost),
          },
          { label: text("posts.quote"), icon: <Quote size={18} />, onSelect: quote },
        ]}
        trigger={(props) => (
          <button
            type="button"
            {...props}
            className={classes(styles.action, styles.repost)}
            data-on={reposted}
            disabled={!mayRepost}
            aria-label={text("posts.repost_count", { count: shared, mine: String(reposted) })}
            title={text("posts.repost_or_quote")}
          >
            <Repeat2 size={20} />
            <Count value={shared} format={number} />
          </button>
        )}
      />
      <button
        type="button"
        className={classes(styles.action, styles.like)}
        data-on={liked}
        data-fill
        onClick={engage(toggleLike, "sessions.prompt_like", like)}
        aria-pressed={liked}
        aria-label={text("posts.like_count", { count: likes })}
        title={text(liked ? "posts.unlike" : "posts.like")}
      >
        <Heart size={19} />
        <Count value={likes} format={number} />
      </button>
      <button
        type="button"
        className={classes(styles.action, styles.bookmark)}
        data-on={bookmarked}
        data-fill
        onClick={engage(toggleBookmark, "sessions.prompt_bookmark", bookmark)}
        aria-pressed={bookmarked}
        aria-label={text("posts.bookmark")}
        title={text(bookmarked ? "posts.remove_bookmark" : "posts.bookmark")}
      >
        <Bookmark size={19} />
      </button>
    </div>
  );
}

function Count({ value, format }: { value: number; format: (value: number) => string }): ReactNode {
  return value > 0 ? <span aria-hidden>{format(value)}</span> : null;
}
