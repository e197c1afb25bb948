import { type FormEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { useText } from "../../i18n/messages";
import styles from "./AttachmentDialog.module.css";
import { Counter } from "./Counter";
import { FocalPointPicker } from "./FocalPointPicker";
import { Preview } from "./Preview";
import { type Attachment, type FocalPoint, kindOf } from "./attachments";
import { countCharacters } from "./graphemes";
import type { Upload } from "./uploads";

interface AttachmentDialogProps {
  attachment: Attachment;
  upload: Upload | undefined;
  maxCharacters: number;
  onSave: (description: { altText: string; focalPoint: FocalPoint | null }) => void;
  onClose: () => void;
}

/** Describes a medium, and says which point of a picture stays in view. */
export function AttachmentDialog({ attachment, upload, maxCharacters, onSave, onClose }: AttachmentDialogProps) {
  const text = useText();
  const id = useId();
  const [altText, setAltText] = useState(attachment.altText);
  const [focalPoint, setFocalPoint] = useState(attachment.focalPoint);
  const length = useMemo(() => countCharacters(altText.trim()), [altText]);
  const over = length > maxCharacters;
  const medium = upload?.state.phase === "ready" ? upload.state.medium : undefined;
  const kind = medium?.kind ?? kindOf(attachment.contentType);
  const shown = { ...attachment, altText: "", focalPoint };
  const picture = <Preview attachment={shown} upload={upload} className={styles.picture} />;

  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);

  const save = () => {
    if (!over) onSave({ altText: altText.trim(), focalPoint });
  };
  return (
    <Dialog title={text("compose.describe")} onClose={onClose} full>
      <form
        className={styles.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          save();
        }}
      >
        {kind === "picture" || kind === "animation" ? (
          <FocalPointPicker value={focalPoint} onChange={setFocalPoint} crop={<Preview attachment={shown} upload={upload} className={styles.crop} />}>
            {picture}
          </FocalPointPicker>
        ) : (
          picture
        )}
        <div className={styles.field}>
          <label htmlFor={id}>{text("compose.alt_text")}</label>
          <textarea
            ref={field}
            id={id}
            className={styles.text}
            dir="auto"
            rows={4}
            value={altText}
            aria-describedby={`${id}-hint`}
            aria-invalid={over || undefined}
            onChange={(event) => setAltText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            }}
          />
          <div className={styles.below}>
            <p id={`${id}-hint`}>{text("compose.alt_text_hint")}</p>
            <Counter length={length} max={maxCharacters} />
          </div>
        </div>
        <div className={styles.buttons}>
          <Button variant="secondary" onClick={onClose}>
            {text("common.cancel")}
          </Button>
          <Button type="submit" disabled={over}>
            {text("compose.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
