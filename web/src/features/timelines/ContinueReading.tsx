import { ArrowDown, X } from "lucide-react";

import { Spinner } from "../../design/Spinner";
import { useToasts } from "../../design/Toast";
import { useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import styles from "./ContinueReading.module.css";
import { useHomePlace } from "./useHomePlace";

/** Offers the way to where the user stopped reading, here or on another device. */
export function ContinueReading() {
  const text = useText();
  const toasts = useToasts();
  const problemText = useProblemText();
  const { offered, loading, resume, dismiss } = useHomePlace();

  const go = () => {
    resume().catch((error: unknown) =>
      toasts.show({ tone: "failure", text: `${text("markers.continue_failed")} ${problemText(error)}` }),
    );
  };
  return (
    <div className={styles.place} role="status">
      {offered && (
        <div className={styles.pill}>
          <button type="button" className={styles.go} onClick={go}>
            {loading ? <Spinner size="small" /> : <ArrowDown size={16} />}
            {text("markers.continue")}
          </button>
          <button
            type="button"
            className={styles.dismiss}
            aria-label={text("markers.dismiss")}
            title={text("markers.dismiss")}
            onClick={dismiss}
          >
            <X size={16} />
          </button>
        </div>
      )}
    </div>
  );
}
