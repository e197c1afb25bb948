import type { CSSProperties } from "react";

import { useText } from "../../i18n/messages";
import styles from "./Counter.module.css";

/** How many characters are left when their number is shown. */
const NUMBER_SHOWN_AT = 40;

/** A ring that fills, and the number of characters that are left when there are few. */
export function Counter({ length, max }: { length: number; max: number }) {
  const text = useText();
  const left = max - length;
  const near = left <= NUMBER_SHOWN_AT;
  const style = {
    "--share": Math.min(1, length / max),
    "--ring": left < 0 ? "var(--color-danger)" : near ? "var(--color-bookmark)" : "var(--color-accent)",
  } as CSSProperties;
  return (
    <span className={styles.counter} data-over={left < 0}>
      {near && <span aria-hidden>{left}</span>}
      <span className={styles.ring} style={style} aria-hidden />
      <span className="visually-hidden" aria-live={near ? "polite" : "off"}>
        {text("compose.left", { count: left })}
      </span>
    </span>
  );
}
