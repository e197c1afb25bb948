import { ChevronLeft, ChevronRight, CircleAlert, Film, Music, Pencil, X } from "lucide-react";
import { type CSSProperties, type DragEvent, useState } from "react";
import { useIntl } from "react-intl";

import { useText } from "../../i18n/messages";
import { classes } from "../../design/classes";
import styles from "./AttachmentTray.module.css";
import { Preview } from "./Preview";
import type { Attachment } from "./attachments";
import type { Upload } from "./uploads";

interface AttachmentTrayProps {
  attachments: readonly Attachment[];
  uploads: ReadonlyMap<string, Upload>;
  onDescribe: (attachment: Attachment) => void;
  onMove: (from: number, to: number) => void;
  onRemove: (attachment: Attachment) => void;
}

/** The media of a draft, in the order of the post. */
export function AttachmentTray({ attachments, uploads, onDescribe, onMove, onRemove }: AttachmentTrayProps) {
  const text = useText();
  const [dragged, setDragged] = useState<number>();
  if (attachments.length === 0) return null;
  return (
    <ul className={styles.tray} data-count={attachments.length} aria-label={text("compose.media")}>
      {attachments.map((attachment, index) => (
        // Pointers drag; its buttons do the same.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
        <li
          key={attachment.id}
          className={classes(styles.tile, dragged === index && styles.dragged)}
          draggable={attachments.length > 1}
          onDragStart={(event: DragEvent) => {
            event.dataTransfer.effectAllowed = "move";
            setDragged(index);
          }}
          onDragEnd={() => setDragged(undefined)}
          onDragOver={(event) => {
            if (dragged === undefined) return;
            event.preventDefault();
            if (dragged === index) return;
            onMove(dragged, index);
            setDragged(index);
          }}
        >
          <Tile
            attachment={attachment}
            upload={uploads.get(attachment.id)}
            position={index + 1}
            count={attachments.length}
            onDescribe={() => onDescribe(attachment)}
            onMove={(by) => onMove(index, index + by)}
            onRemove={() => onRemove(attachment)}
          />
        </li>
      ))}
    </ul>
  );
}

interface TileProps {
  attachment: Attachment;
  upload: Upload | undefined;
  position: number;
  count: number;
  onDescribe: () => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
}

function Tile({ attachment, upload, position, count, onDescribe, onMove, onRemove }: TileProps) {
  const text = useText();
  const state = upload?.state;
  const described = attachment.altText.trim() !== "";
  return (
    <>
      <Preview attachment={attachment} upload={upload} className={styles.preview} fallback={<Symbol attachment={attachment} />} />
      {state?.phase === "failed" ? (
        <span className={styles.failed}>
          <CircleAlert size={28} aria-hidden />
        </span>
      ) : (
        state && state.phase !== "ready" && <Progress upload={upload} position={position} />
      )}
      <button
        type="button"
        className={classes(styles.control, styles.remove)}
        aria-label={text("compose.remove_medium", { position })}
        title={text("compose.remove")}
        onClick={onRemove}
      >
        <X size={16} />
      </button>
      <button
        type="button"
        className={classes(styles.control, styles.describe)}
        aria-label={`${text("compose.alt")}: ${text(described ? "compose.edit_description" : "compose.add_description", { position })}`}
        title={described ? attachment.altText : text("compose.describe")}
        data-described={described}
        onClick={onDescribe}
      >
        <Pencil size={13} aria-hidden />
        {text("compose.alt")}
      </button>
      {count > 1 && (
        <span className={styles.order}>
          <button
            type="button"
            className={styles.control}
            disabled={position === 1}
            aria-label={text("compose.move_earlier", { position })}
            title={text("compose.earlier")}
            onClick={() => onMove(-1)}
          >
            <ChevronLeft size={16} />
          </button>
          <button
            type="button"
            className={styles.control}
            disabled={position === count}
            aria-label={text("compose.move_later", { position })}
            title={text("compose.later")}
            onClick={() => onMove(1)}
          >
            <ChevronRight size={16} />
          </button>
        </span>
      )}
    </>
  );
}

/** Bytes that were sent, then how far the server is. */
function Progress({ upload, position }: { upload: Upload | undefined; position: number }) {
  const text = useText();
  const { formatNumber } = useIntl();
  const state = upload?.state;
  if (state?.phase !== "uploading" && state?.phase !== "processing") return null;
  const uploading = state.phase === "uploading";
  const share = uploading ? (state.size > 0 ? state.sent / state.size : 0) : state.percent / 100;
  return (
    <span className={styles.busy}>
      <span className={styles.phase}>{text(uploading ? "compose.uploading" : "compose.processing")}</span>
      <span
        className={styles.bar}
        role="progressbar"
        aria-label={text("compose.progress", { position, phase: state.phase })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={formatNumber(share, { style: "percent" })}
        data-indefinite={!uploading && state.percent === 0}
      >
        <span style={{ "--share": share } as CSSProperties} />
      </span>
    </span>
  );
}

function Symbol({ attachment }: { attachment: Attachment }) {
  const Icon = attachment.contentType.startsWith("audio/") ? Music : Film;
  return (
    <span className={styles.symbol}>
      <Icon size={28} aria-hidden />
      <bdi>{attachment.name}</bdi>
    </span>
  );
}
