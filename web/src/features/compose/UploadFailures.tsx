import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import styles from "./Composer.module.css";
import type { Attachment } from "./attachments";
import { FileMissing, type Upload, canResume, uploads as allUploads } from "./uploads";

interface UploadFailuresProps {
  attachments: readonly Attachment[];
  uploads: ReadonlyMap<string, Upload>;
  onRemove: (attachment: Attachment) => void;
}

/** Why media could not be uploaded, and what can be done. */
export function UploadFailures({ attachments, uploads, onRemove }: UploadFailuresProps) {
  const text = useText();
  const problemText = useProblemText();
  const failed = attachments.flatMap((attachment, index) => {
    const state = uploads.get(attachment.id)?.state;
    return state?.phase === "failed" ? [{ attachment, position: index + 1, error: state.error }] : [];
  });
  return failed.map(({ attachment, position, error }) => (
    <div key={attachment.id} className={styles.failure} role="alert">
      <p>
        <bdi>{attachment.name || text("compose.medium", { position })}</bdi>:{" "}
        {error instanceof FileMissing ? text("compose.file_missing") : problemText(error)}
      </p>
      <span className={styles.noticeButtons}>
        {canResume(error) && (
          <Button size="small" variant="secondary" onClick={() => allUploads.resume(attachment)}>
            {text("common.try_again")}
          </Button>
        )}
        <Button size="small" variant="secondary" onClick={() => onRemove(attachment)}>
          {text("compose.remove")}
        </Button>
      </span>
    </div>
  ));
}
