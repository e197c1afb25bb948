import type { ReactNode } from "react";

import { MAX_UNREAD } from "../notifications/queries";
import styles from "./UnreadBadge.module.css";

/** An icon with the number of unread notifications at its corner. */
export function UnreadBadge({ count, children }: { count: number; children: ReactNode }) {
  return (
    <span className={styles.place}>
      {children}
      {count > 0 && (
        <span className={styles.badge} aria-hidden>
          {shortCount(count)}
        </span>
      )}
    </span>
  );
}

/** The server counts up to `MAX_UNREAD`. */
export function shortCount(count: number): string {
  return count >= MAX_UNREAD ? `${MAX_UNREAD - 1}+` : String(count);
}
