import type { ReactNode } from "react";

import styles from "./Tabs.module.css";

/**
 * Tabs that are pages: a navigation of links, each with an address of its own.
 *
 * The children are `<Link>`s with `className={tabClass}`; the router marks the current one.
 */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      {children}
    </nav>
  );
}

export const tabClass = styles.tab ?? "";
