import { Suspense, lazy, useState } from "react";

import type { Post } from "../../api/client";
import { useText } from "../../i18n/messages";
import { RelativeTime, useFullTime } from "../../i18n/times";
import styles from "./EditedMark.module.css";

const RevisionsDialog = lazy(() =>
  import("./RevisionsDialog").then((module) => ({ default: module.RevisionsDialog })),
);

interface EditedMarkProps {
  post: Post;
  editedAt: string;
  /** Shows the time in full. */
  full?: boolean;
}

/** Says that and when a post was edited, and opens its versions. */
export function EditedMark({ post, editedAt, full = false }: EditedMarkProps) {
  const text = useText();
  const time = useFullTime(editedAt);
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={styles.mark} title={text("posts.show_revisions")} onClick={() => setOpen(true)}>
        {full ? (
          text("posts.edited_at", { time })
        ) : (
          <>
            {text("posts.edited")} <RelativeTime value={editedAt} />
          </>
        )}
      </button>
      {open && (
        <Suspense fallback={null}>
          <RevisionsDialog post={post} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
