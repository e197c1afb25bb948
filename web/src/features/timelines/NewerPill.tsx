import { ArrowUp } from "lucide-react";

import { Spinner } from "../../design/Spinner";
import { useToasts } from "../../design/Toast";
import { type MessageId, useText } from "../../i18n/messages";
import { useProblemText } from "../../i18n/problems";
import { useShortcuts } from "../../keyboard/shortcuts";
import styles from "./NewerPill.module.css";
import { MAX_KNOWN, type Newer } from "./useNewer";

interface NewerPillProps {
  newer: Newer;
  /** The words for other things than posts. */
  words?: { show: MessageId; some: MessageId; many: MessageId };
}

const POSTS = {
  show: "timelines.show_newer",
  some: "timelines.newer",
  many: "timelines.newer_many",
} as const;

/** Offers what is newer. It floats above the list, so that nothing moves when it comes. */
export function NewerPill({ newer, words = POSTS }: NewerPillProps) {
  const text = useText();
  const toasts = useToasts();
  const problemText = useProblemText();
  const show = () => {
    newer.show().then(
      () => scrollToBeginning(),
      (error: unknown) => toasts.show({ tone: "failure", text: problemText(error) }),
    );
  };
  useShortcuts([{ keys: ".", label: words.show, run: show }]);

  return (
    <div className={styles.place} role="status">
      {newer.count > 0 && (
        <button type="button" className={styles.pill} onClick={show}>
          {newer.loading ? <Spinner size="small" /> : <ArrowUp size={16} />}
          {newer.count >= MAX_KNOWN
            ? text(words.many, { count: MAX_KNOWN })
            : text(words.some, { count: newer.count })}
        </button>
      )}
    </div>
  );
}

/** Rows that come above are measured in the next frames, which moves the window by their heights. */
function scrollToBeginning(frames = 4): void {
  scrollTo({ top: 0, behavior: "instant" });
  if (frames > 0) requestAnimationFrame(() => scrollToBeginning(frames - 1));
}
