import type { ReactNode } from "react";

import styles from "./Notice.module.css";

/** A sentence in place of a page: it loads, or could not be loaded. */
export function Notice({ failed = false, children }: { failed?: boolean; children: ReactNode }) {
  return (
    <p className={styles["notice"]} role={failed ? "alert" : "status"}>
      {children}
    </p>
  );
}
