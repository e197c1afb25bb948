import styles from "./Spinner.module.css";
import { classes } from "./classes";

/** Says that something is on its way. Without a label it only decorates. */
export function Spinner({ size = "medium", label }: { size?: "small" | "medium"; label?: string }) {
  return (
    <span
      className={classes(styles.spinner, size === "small" && styles.small)}
      role={label ? "status" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    />
  );
}

/** A spinner in the middle of an empty column. */
export function SpinnerBlock({ label }: { label: string }) {
  return (
    <div className={styles.center}>
      <Spinner label={label} />
    </div>
  );
}
