import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { AtSign, ChevronDown, Globe, Lock, type LucideIcon } from "lucide-react";
import { type CSSProperties, type FormEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";

import type { Post, User } from "../../api/client";
import { newIdempotencyKey } from "../../api/idempotency";
import { Avatar } from "../../design/Avatar";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Menu } from "../../design/Menu";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import { PostContent } from "../posts/PostContent";
import { useMe } from "../sessions/useSession";
import { UserName } from "../users/UserName";
import styles from "./Composer.module.css";
import type { ComposeFor } from "./ComposerProvider";
import { createPost } from "./actions";
import { type Draft, type DraftContext, type Visibility, keepDraft, readDraft, removeDraft } from "./drafts";
import { countCharacters } from "./graphemes";
import { limitsQuery } from "./queries";

const VISIBILITIES: Record<Visibility, LucideIcon> = { public: Globe, followers: Lock, mentioned: AtSign };
/** The documented limit, until the server's own is read. */
const MAX_CHARACTERS = 500;
/** How many characters are left when their number is shown. */
const NUMBER_SHOWN_AT = 40;

interface ComposerProps {
  target: ComposeFor;
  onClose: () => void;
}

/** Writes a post, a reply or a quote. */
export function Composer(props: ComposerProps) {
  const me = useMe();
  return me ? <ComposerDialog {...props} me={me} /> : null;
}

function ComposerDialog({ target, onClose, me }: ComposerProps & { me: User }) {
  const text = useText();
  const problemText = useProblemText();
  const toasts = useToasts();
  const navigate = useNavigate();
  const context = contextOf(target);
  const [draft, setDraft] = useState<Draft>(() => readDraft(me.id, context) ?? initialDraft(target, me));
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const limits = useQuery(limitsQuery);
  const max = limits.data?.texts.post.max_characters ?? MAX_CHARACTERS;
  const length = useMemo(() => countCharacters(draft.text.trim()), [draft.text]);
  const over = length > max;
  const field = useRef<HTMLTextAreaElement>(null);
  // One key for one text: a repetition of a failed attempt has one effect.
  const key = useRef(newIdempotencyKey());

  useEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const change = (changes: Partial<Draft>) => {
    const next = { ...draft, ...changes };
    key.current = newIdempotencyKey();
    setDraft(next);
    keepDraft(me.id, context, next);
  };

  const send = async () => {
    if (pending || over || length === 0) return;
    setPending(true);
    setError(undefined);
    try {
      const post = await createPost.run(
        {
          text: draft.text.trim(),
          visibility: draft.visibility,
          ...(target.replyTo ? { reply_to_post_id: target.replyTo.id } : {}),
          ...(target.quoted ? { quoted_post_id: target.quoted.id } : {}),
        },
        { key: key.current },
      );
      removeDraft(me.id, context);
      onClose();
      toasts.show(
        post
          ? {
              text: text(target.replyTo ? "compose.replied" : "compose.posted"),
              action: {
                label: text("compose.view"),
                run: () => void navigate({ to: "/posts/$postId", params: { postId: post.id } }),
              },
            }
          : { text: text("compose.waiting") },
      );
    } catch (failure) {
      setError(failure);
      setPending(false);
    }
  };

  return (
    <Dialog title={text(titleOf(target))} onClose={onClose} full>
      <form
        className={styles.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void send();
        }}
      >
        {target.replyTo && <Parent post={target.replyTo} />}
        <div className={styles.write}>
          <Avatar user={me} />
          <textarea
            ref={field}
            className={styles.text}
            dir="auto"
            value={draft.text}
            aria-label={text(titleOf(target))}
            placeholder={text(target.replyTo ? "compose.reply_prompt" : "compose.prompt")}
            onChange={(event) => change({ text: event.target.value })}
            onKeyDown={(event: KeyboardEvent) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
            }}
          />
          {target.quoted?.author && (
            <div className={styles.quoted}>
              <div className={styles.quotedHead}>
                <Avatar user={target.quoted.author} size={22} />
                <UserName user={target.quoted.author} />
              </div>
              <PostContent content={target.quoted.content} language={target.quoted.language} clamped />
            </div>
          )}
        </div>
        {error !== undefined && (
          <p className={styles.failure} role="alert">
            {text("compose.failed")} {problemText(error)}
          </p>
        )}
        <div className={styles.foot}>
          <VisibilityMenu value={draft.visibility} onChange={(visibility) => change({ visibility })} />
          <Counter length={length} max={max} />
          <Button type="submit" busy={pending} disabled={over || length === 0}>
            {text(target.replyTo ? "compose.send_reply" : "compose.send")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Parent({ post }: { post: Post }) {
  if (!post.author) return null;
  return (
    <div className={styles.parent}>
      <div className={styles.line}>
        <Avatar user={post.author} />
      </div>
      <div>
        <UserName user={post.author} />
        <div className={styles.parentText}>
          <PostContent content={post.content} language={post.language} />
        </div>
      </div>
    </div>
  );
}

interface VisibilityMenuProps {
  value: Visibility;
  onChange: (visibility: Visibility) => void;
}

function VisibilityMenu({ value, onChange }: VisibilityMenuProps) {
  const text = useText();
  const Current = VISIBILITIES[value];
  return (
    <Menu
      label={text("compose.visibility")}
      items={Object.entries(VISIBILITIES).map(([each, Icon]) => ({
        label: text(`compose.visibility_${each as Visibility}`),
        icon: <Icon size={18} />,
        checked: each === value,
        onSelect: () => onChange(each as Visibility),
      }))}
      trigger={(props) => (
        <button type="button" {...props} className={styles.visibility}>
          <Current size={16} />
          {text(`compose.visibility_${value}`)}
          <ChevronDown size={14} />
        </button>
      )}
    />
  );
}

function Counter({ length, max }: { length: number; max: number }) {
  const text = useText();
  const left = max - length;
  const near = left <= NUMBER_SHOWN_AT;
  const style = {
    "--share": Math.min(1, length / max),
    "--ring": left < 0 ? "var(--color-danger)" : near ? "var(--color-bookmark)" : "var(--color-accent)",
  } as CSSProperties;
  return (
    <span className={styles.counter} data-over={left < 0}>
      {near && <span aria-hidden>{left}</span>}
      <span className={styles.ring} style={style} aria-hidden />
      <span className="visually-hidden" aria-live={near ? "polite" : "off"}>
        {text("compose.left", { count: left })}
      </span>
    </span>
  );
}

function contextOf({ replyTo, quoted }: ComposeFor): DraftContext {
  if (replyTo) return `reply:${replyTo.id}`;
  return quoted ? `quote:${quoted.id}` : "new";
}

function titleOf({ replyTo, quoted }: ComposeFor): "compose.reply" | "compose.quote" | "compose.new_post" {
  if (replyTo) return "compose.reply";
  return quoted ? "compose.quote" : "compose.new_post";
}

/**
 * A reply mentions those whom the post mentions, and reaches no more people than that post. Its
 * author is notified anyway, but for posts that only mentioned people can see.
 */
function initialDraft({ replyTo }: ComposeFor, me: User): Draft {
  if (!replyTo?.author) return { text: "", visibility: "public" };
  const mentioned = replyTo.content.flatMap((segment) => (segment.type === "mention" ? [segment.handle] : []));
  const { handle } = replyTo.author;
  const handles = new Set(replyTo.visibility === "mentioned" ? [handle, ...mentioned] : mentioned);
  handles.delete(me.handle);
  if (replyTo.visibility !== "mentioned") handles.delete(handle);
  return {
    text: [...handles].map((handle) => `@${handle} `).join(""),
    visibility: replyTo.visibility ?? "public",
  };
}
