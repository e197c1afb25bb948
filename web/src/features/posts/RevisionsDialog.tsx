import { Fragment } from "react";

import type { Medium, Post, Schemas } from "../../api/client";
import { type Pages, usePagedList } from "../../api/pages";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { useText } from "../../i18n/messages";
import { useFullTime } from "../../i18n/times";
import { pictureSet, posterOf } from "../media/variants";
import styles from "./RevisionsDialog.module.css";
import { differences } from "./differences";
import { revisionsList } from "./queries";

type Revision = Schemas["Revision"];

interface RevisionsDialogProps {
  post: Post;
  onClose: () => void;
}

/** The versions of a post, newest first, each with what its author changed. */
export function RevisionsDialog({ post, onClose }: RevisionsDialogProps) {
  const text = useText();
  const pages = usePagedList(revisionsList(post.id));
  const revisions = revisionsOf(pages.data);
  return (
    <Dialog title={text("posts.revisions")} onClose={onClose} full>
      {pages.data ? (
        <ol className={styles.revisions}>
          {revisions.map((revision, index) => (
            <Version
              key={revision.revision}
              revision={revision}
              older={revisions[index + 1]}
              newest={index === 0}
              language={post.language}
            />
          ))}
        </ol>
      ) : pages.isError ? (
        <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
      ) : (
        <SpinnerBlock label={text("common.loading")} />
      )}
      {pages.hasNextPage && (
        <p className={styles.more}>
          <Button variant="secondary" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {text("posts.older_revisions")}
          </Button>
        </p>
      )}
    </Dialog>
  );
}

interface VersionProps {
  revision: Revision;
  /** The version before; undefined for the first, and where it is not read yet. */
  older: Revision | undefined;
  newest: boolean;
  language: Post["language"];
}

function Version({ revision, older, newest, language }: VersionProps) {
  const text = useText();
  const time = useFullTime(revision.created_at);
  const label =
    revision.revision === 1
      ? text("posts.first_revision")
      : text(newest ? "posts.current_revision" : "posts.revision", { number: revision.revision });
  return (
    <li className={styles.version}>
      <h3>
        {label} <time dateTime={revision.created_at}>{time}</time>
      </h3>
      <p className={styles.text} dir="auto" lang={language && language !== "und" ? language : undefined}>
        {older
          ? differences(textOf(older), textOf(revision)).map(({ text: piece, change }, index) => (
              <Fragment key={index}>
                {change === "kept" ? piece : <Changed change={change}>{piece}</Changed>}
              </Fragment>
            ))
          : textOf(revision)}
      </p>
      <MediaChanges revision={revision} older={older} />
    </li>
  );
}

/** Screen readers do not read the elements themselves. */
function Changed({ change, children }: { change: "added" | "removed"; children: string }) {
  const text = useText();
  const Element = change === "added" ? "ins" : "del";
  return (
    <Element className={styles[change]}>
      <span className="visually-hidden">{text(`posts.${change}_text`)} </span>
      {children}
    </Element>
  );
}

function MediaChanges({ revision, older }: { revision: Revision; older: Revision | undefined }) {
  const text = useText();
  const now = new Set(revision.media.map(({ id }) => id));
  const before = new Set((older ?? revision).media.map(({ id }) => id));
  const removed = (older?.media ?? []).filter(({ id }) => !now.has(id));
  const shown = [...revision.media, ...removed];
  if (shown.length === 0) return null;
  return (
    <ul className={styles.media}>
      {shown.map((medium) => {
        const change = !before.has(medium.id) ? "added" : now.has(medium.id) ? "kept" : "removed";
        return (
          <li key={medium.id} className={styles.medium} data-change={change}>
            <Thumbnail medium={medium} />
            {change !== "kept" && <span className={styles.label}>{text(`posts.medium_${change}`)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function Thumbnail({ medium }: { medium: Medium }) {
  const text = useText();
  const address = medium.kind === "video" ? posterOf(medium) : pictureSet(medium).src;
  if (!address || medium.kind === "audio") return <span className={styles.audio}>{medium.alt_text || text("media.audio")}</span>;
  return (
    <img
      src={address}
      alt={medium.alt_text || text(medium.kind === "video" ? "media.video" : "media.picture")}
      crossOrigin="anonymous"
      loading="lazy"
    />
  );
}

function textOf({ content }: Revision): string {
  return content.map((segment) => segment.text).join("");
}

function revisionsOf(pages: Pages<Revision> | undefined): Revision[] {
  return (pages?.pages ?? []).flatMap((page) => page.items);
}
