import type { ReactNode } from "react";

import { useProblemText } from "../i18n/problems";
import { useText } from "../i18n/messages";
import { Button } from "./Button";
import styles from "./EmptyState.module.css";

interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
}

/** What stands in a list without entries. */
export function EmptyState({ icon, title, children }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      {icon}
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What stands in place of something that could not be read: why, and an offer to repeat. */
export function FailureState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const text = useText();
  const problemText = useProblemText();
  return (
    <div className={styles.empty} role="alert">
      <p>{problemText(error)}</p>
      {onRetry && (
        <Button variant="secondary" onClick={onRetry}>
          {text("common.try_again")}
        </Button>
      )}
    </div>
  );
}
