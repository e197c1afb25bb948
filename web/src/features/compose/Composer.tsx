import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { AtSign, ChevronDown, Globe, ImagePlus, Lock, type LucideIcon } from "lucide-react";
import {
  type DragEvent,
  type FormEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useIntl } from "react-intl";

import type { Medium, Post, User } from "../../api/client";
import { newIdempotencyKey } from "../../api/idempotency";
import { Avatar } from "../../design/Avatar";
import { Button, IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { FailureState } from "../../design/EmptyState";
import { Menu } from "../../design/Menu";
import { SpinnerBlock } from "../../design/Spinner";
import { useToasts } from "../../design/Toast";
import { type MessageId, useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import { PostContent } from "../posts/PostContent";
import { useMe } from "../sessions/useSession";
import { settingsQuery } from "../settings/queries";
import { UserName } from "../users/UserName";
import { AttachmentDialog } from "./AttachmentDialog";
import { AttachmentTray } from "./AttachmentTray";
import styles from "./Composer.module.css";
import { ComposerField } from "./ComposerField";
import { type ComposeFor, useComposer } from "./ComposerProvider";
import { Counter } from "./Counter";
import { LanguageSelect } from "./LanguageSelect";
import { UploadFailures } from "./UploadFailures";
import { createPost, textOf, updatePost } from "./actions";
import { type Attachment, type Refusal, acceptedTypes, attachmentOf } from "./attachments";
import { type Draft, type DraftContext, type Visibility, keepDraft, readDraft, removeDraft } from "./drafts";
import { countCharacters } from "./graphemes";
import { editableQuery, limitsQuery } from "./queries";
import { useAttachments } from "./useAttachments";

const VISIBILITIES: Record<Visibility, LucideIcon> = { public: Globe, followers: Lock, mentioned: AtSign };
/** The documented limits, until the server's own are read. */
const MAX_CHARACTERS = 500;
const MAX_ALT_CHARACTERS = 1500;
const NO_MEDIA: readonly Medium[] = [];
const MEBIBYTE = 1024 * 1024;

interface ComposerProps {
  target: ComposeFor;
  onClose: () => void;
}

/** Writes a post, a reply or a quote, or edits a post. */
export function Composer(props: ComposerProps) {
  const me = useMe();
  if (!me) return null;
  const { edited } = props.target;
  return edited ? <EditDialog {...props} me={me} edited={edited} /> : <ComposerDialog {...props} me={me} />;
}

/** Reads the post as it is now: an edit of an old state would be refused. */
function EditDialog({ edited, ...props }: ComposerProps & { me: User; edited: Post }) {
  const text = useText();
  const current = useQuery(editableQuery(edited.id));
  if (current.data && current.isFetchedAfterMount) {
    return <ComposerDialog {...props} original={current.data.post} etag={current.data.etag} />;
  }
  return (
    <Dialog title={text("compose.edit")} onClose={props.onClose} full>
      {current.isError ? (
        <FailureState error={current.error} onRetry={() => void current.refetch()} />
      ) : (
        <SpinnerBlock label={text("common.loading")} />
      )}
    </Dialog>
  );
}

interface ComposerDialogProps extends ComposerProps {
  me: User;
  /** The post that is edited, and its tag. */
  original?: Post;
  etag?: string;
}

function ComposerDialog({ target, onClose, me, original, etag }: ComposerDialogProps) {
  const text = useText();
  const problemText = useProblemText();
  const toasts = useToasts();
  const navigate = useNavigate();
  const composer = useComposer();
  const context = contextOf(target);
  const [initial] = useState<Draft>(() => (original ? draftOf(original, etag) : initialDraft(target, me)));
  const [draft, setDraft] = useState<Draft>(() => readDraft(me.id, context) ?? initial);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const [refusals, setRefusals] = useState<Refusal[]>([]);
  const [describedId, setDescribedId] = useState<string>();
  const [reminding, setReminding] = useState(false);
  const [dropping, setDropping] = useState(false);
  const limits = useQuery(limitsQuery);
  const settings = useQuery({ ...settingsQuery, enabled: draft.attachments.length > 0 });
  const max = limits.data?.texts.post.max_characters ?? MAX_CHARACTERS;
  const length = useMemo(() => countCharacters(draft.text.trim()), [draft.text]);
  const over = length > max;
  const field = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  // One key for one content: a repetition of a failed attempt has one effect.
  const key = useRef(newIdempotencyKey());
  const sent = useRef(false);

  const changeAttachments = useCallback(
    (change: (attachments: Attachment[]) => Attachment[]) =>
      setDraft((now) => ({ ...now, attachments: change(now.attachments) })),
    [],
  );
  const media = useAttachments(
    draft.attachments,
    original?.media ?? NO_MEDIA,
    limits.data?.media,
    changeAttachments,
  );
  const { attachments } = draft;
  const described = attachments.find(({ id }) => id === describedId);
  const undescribed = attachments.filter(({ altText }) => altText.trim() === "");
  const empty = length === 0 && attachments.length === 0;
  const unchanged = isSame(draft, initial);
  const sendable = !over && !empty && !(original && unchanged) && media.ready !== undefined && media.combines;
  // The draft began with a state of the post that somebody has changed since, as in another tab.
  const outdated = original !== undefined && draft.etag !== etag;

  useEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  useEffect(() => {
    key.current = newIdempotencyKey();
    if (sent.current) return;
    if (unchanged) removeDraft(me.id, context);
    else keepDraft(me.id, context, draft);
  }, [draft, unchanged, me.id, context]);

  const change = (changes: Partial<Draft>) => setDraft((now) => ({ ...now, ...changes }));
  const addFiles = (files: File[]) => {
    setReminding(false);
    setRefusals(media.add(files));
    field.current?.focus();
  };
  const describe = (attachment: Attachment, changes: Partial<Attachment>) => {
    setDescribedId(undefined);
    setReminding(false);
    changeAttachments((now) =>
      now.map((each) => (each.id === attachment.id ? { ...each, ...changes, changed: true } : each)),
    );
  };

  const send = async ({ reminded = false } = {}) => {
    if (pending || !sendable || !media.ready) return;
    if (undescribed.length > 0 && !reminded && settings.data?.alt_text_reminder) {
      setReminding(true);
      return;
    }
    setReminding(false);
    if (original && etag) saveEdit(original, etag, media.ready);
    else await create(media.ready);
  };

  const create = async (ready: readonly Medium[]) => {
    setPending(true);
    setError(undefined);
    try {
      const post = await createPost.run(
        {
          post: {
            text: draft.text.trim(),
            visibility: draft.visibility,
            ...(target.replyTo ? { reply_to_post_id: target.replyTo.id } : {}),
            ...(target.quoted ? { quoted_post_id: target.quoted.id } : {}),
            ...(ready.length > 0 ? { media_ids: ready.map(({ id }) => id) } : {}),
            ...(draft.language ? { language: draft.language } : {}),
          },
          descriptions: descriptionsOf(attachments, ready),
        },
        { key: key.current },
      );
      leave();
      toasts.show(
        post
          ? { text: text(target.replyTo ? "compose.replied" : "compose.posted"), action: view(post.id) }
          : { text: text("compose.waiting") },
      );
    } catch (failure) {
      setError(failure);
      setPending(false);
    }
  };

  /** The edit is shown at once. Where it is refused, the draft is still there. */
  const saveEdit = (post: Post, basedOn: string, ready: readonly Medium[]) => {
    const ids = ready.map(({ id }) => id);
    const edit = {
      postId: post.id,
      etag: basedOn,
      change: {
        text: draft.text.trim(),
        ...(ids.join() === post.media_ids.join() ? {} : { media_ids: ids }),
        ...(draft.language ? { language: draft.language } : {}),
      },
      descriptions: descriptionsOf(attachments, ready),
      media: ready.map((medium, index) => {
        const { altText = medium.alt_text, focalPoint = medium.focal_point } = attachments[index] ?? {};
        return { ...medium, alt_text: altText, focal_point: focalPoint ?? null };
      }),
    };
    onClose();
    updatePost.run(edit, { key: key.current }).then(
      () => {
        removeDraft(me.id, context);
        media.release();
        toasts.show({ text: text("compose.edited"), action: view(post.id) });
      },
      (failure: unknown) =>
        toasts.show({
          tone: "failure",
          text: `${text("compose.edit_failed")} ${problemText(failure)}`,
          action: { label: text("compose.open_draft"), run: () => composer.open({ edited: post }) },
        }),
    );
  };

  /** Begins again with the post as it is now. */
  const discard = () => {
    for (const attachment of attachments) media.remove(attachment);
    media.adopt();
    setDraft(initial);
  };
  const leave = () => {
    sent.current = true;
    removeDraft(me.id, context);
    media.release();
    onClose();
  };
  const view = (postId: string) => ({
    label: text("compose.view"),
    run: () => void navigate({ to: "/posts/$postId", params: { postId } }),
  });

  const drop = (event: DragEvent) => {
    setDropping(false);
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    addFiles([...event.dataTransfer.files]);
  };

  return (
    <Dialog title={text(titleOf(target))} onClose={onClose} full>
      {/* Files can be dropped; a button does the same. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <form
        className={styles.form}
        data-dropping={dropping}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void send();
        }}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setDropping(true);
        }}
        onDragLeave={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false);
        }}
        onDrop={drop}
      >
        {target.replyTo && <Parent post={target.replyTo} />}
        {outdated && (
          <Notice>
            <p>{text("compose.outdated")}</p>
            <Button
              size="small"
              variant="secondary"
              onClick={discard}
            >
              {text("compose.discard_draft")}
            </Button>
          </Notice>
        )}
        <div className={styles.write} data-media={attachments.length > 0}>
          <Avatar user={me} />
          <ComposerField
            field={field}
            label={text(titleOf(target))}
            placeholder={text(target.replyTo ? "compose.reply_prompt" : "compose.prompt")}
            value={draft.text}
            language={draft.language}
            onChange={(value) => change({ text: value })}
            onSend={() => void send()}
            onFiles={addFiles}
          />
          <AttachmentTray
            attachments={attachments}
            uploads={media.uploads}
            onDescribe={({ id }) => setDescribedId(id)}
            onMove={(from, to) => changeAttachments((now) => moved(now, from, to))}
            onRemove={media.remove}
          />
          {attachments.length > 0 && undescribed.length > 0 && !reminding && (
            <p className={styles.hint}>{text("compose.describe_hint", { count: undescribed.length })}</p>
          )}
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
        <UploadFailures attachments={attachments} uploads={media.uploads} onRemove={media.remove} />
        {(refusals.length > 0 || !media.combines) && (
          <div className={styles.failure} role="alert">
            {refusals.map((refusal) => (
              <RefusedFile key={refusal.name} refusal={refusal} />
            ))}
            {!media.combines && <p>{text("problem.MEDIA_COMBINATION_NOT_ALLOWED")}</p>}
          </div>
        )}
        {error !== undefined && (
          <p className={styles.failure} role="alert">
            {text("compose.failed")} {problemText(error)}
          </p>
        )}
        {reminding && (
          <Notice>
            <p>{text("compose.reminder", { count: undescribed.length })}</p>
            <span className={styles.noticeButtons}>
              <Button size="small" onClick={() => setDescribedId(undescribed[0]?.id)}>
                {text("compose.describe_now")}
              </Button>
              <Button size="small" variant="secondary" onClick={() => void send({ reminded: true })}>
                {text("compose.send_anyway")}
              </Button>
            </span>
          </Notice>
        )}
        <div className={styles.foot}>
          <div className={styles.choices}>
            {!original && (
              <VisibilityMenu value={draft.visibility} onChange={(visibility) => change({ visibility })} />
            )}
            <LanguageSelect value={draft.language} onChange={(language) => change({ language })} />
          </div>
          <div className={styles.send}>
            <input
              ref={chooser}
              type="file"
              multiple
              hidden
              accept={limits.data ? acceptedTypes(limits.data.media) : undefined}
              aria-label={text("compose.add_media")}
              onChange={(event) => {
                addFiles([...(event.target.files ?? [])]);
                // The same file can be chosen again.
                event.target.value = "";
              }}
            />
            <IconButton
              label={text("compose.add_media")}
              className={styles.add}
              disabled={limits.data === undefined}
              onClick={() => chooser.current?.click()}
            >
              <ImagePlus size={22} />
            </IconButton>
            <Counter length={length} max={max} />
            <Button type="submit" busy={pending} disabled={!sendable}>
              {text(sendLabelOf(target))}
            </Button>
          </div>
        </div>
        {dropping && (
          <div className={styles.dropZone} aria-hidden>
            <ImagePlus size={36} />
            {text("compose.drop")}
          </div>
        )}
      </form>
      <span className="visually-hidden" role="status">
        {attachments.length > 0 && text(media.ready ? "compose.media_ready" : "compose.media_pending")}
      </span>
      {described && (
        <AttachmentDialog
          attachment={described}
          upload={media.uploads.get(described.id)}
          maxCharacters={limits.data?.texts.alt_text.max_characters ?? MAX_ALT_CHARACTERS}
          onSave={(description) => describe(described, description)}
          onClose={() => setDescribedId(undefined)}
        />
      )}
    </Dialog>
  );
}

function Notice({ children }: { children: ReactNode }) {
  return (
    <div className={styles.notice} role="alert">
      {children}
    </div>
  );
}

function RefusedFile({ refusal: { name, reason, maxBytes } }: { refusal: Refusal }) {
  const text = useText();
  const { formatNumber } = useIntl();
  return (
    <p>
      <bdi>{name}</bdi>:{" "}
      {maxBytes === undefined
        ? text(`problem.${reason}`)
        : text("compose.too_large", {
            limit: formatNumber(maxBytes / MEBIBYTE, { style: "unit", unit: "megabyte", maximumFractionDigits: 0 }),
          })}
    </p>
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

function contextOf({ replyTo, quoted, edited }: ComposeFor): DraftContext {
  if (edited) return `edit:${edited.id}`;
  if (replyTo) return `reply:${replyTo.id}`;
  return quoted ? `quote:${quoted.id}` : "new";
}

function titleOf({ replyTo, quoted, edited }: ComposeFor): MessageId {
  if (edited) return "compose.edit";
  if (replyTo) return "compose.reply";
  return quoted ? "compose.quote" : "compose.new_post";
}

function sendLabelOf({ replyTo, edited }: ComposeFor): MessageId {
  if (edited) return "compose.save";
  return replyTo ? "compose.send_reply" : "compose.send";
}

function descriptionsOf(attachments: readonly Attachment[], media: readonly Medium[]) {
  return attachments.flatMap(({ altText, focalPoint, changed }, index) => {
    const mediumId = media[index]?.id;
    return changed && mediumId ? [{ mediumId, altText, focalPoint }] : [];
  });
}

function moved(attachments: Attachment[], from: number, to: number): Attachment[] {
  const next = [...attachments];
  next.splice(to, 0, ...next.splice(from, 1));
  return next;
}

function draftOf(post: Post, etag: string | undefined): Draft {
  return {
    text: textOf(post),
    visibility: post.visibility ?? "public",
    language: null,
    attachments: post.media.map(attachmentOf),
    ...(etag ? { etag } : {}),
  };
}

function isSame(one: Draft, other: Draft): boolean {
  const content = ({ text, language, attachments }: Draft) =>
    JSON.stringify([
      text.trim(),
      language,
      attachments.map(({ id, altText, focalPoint }) => [id, altText, focalPoint?.x, focalPoint?.y]),
    ]);
  return content(one) === content(other);
}

/**
 * A reply mentions those whom the post mentions, and reaches no more people than that post. Its
 * author is notified anyway, but for posts that only mentioned people can see.
 */
function initialDraft({ replyTo }: ComposeFor, me: User): Draft {
  if (!replyTo?.author) return { text: "", visibility: "public", language: null, attachments: [] };
  const mentioned = replyTo.content.flatMap((segment) => (segment.type === "mention" ? [segment.handle] : []));
  const { handle } = replyTo.author;
  const handles = new Set(replyTo.visibility === "mentioned" ? [handle, ...mentioned] : mentioned);
  handles.delete(me.handle);
  if (replyTo.visibility !== "mentioned") handles.delete(handle);
  return {
    text: [...handles].map((handle) => `@${handle} `).join(""),
    visibility: replyTo.visibility ?? "public",
    language: null,
    attachments: [],
  };
}
