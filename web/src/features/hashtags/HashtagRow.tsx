import { Link } from "@tanstack/react-router";
import { type ReactNode, useId } from "react";

import row from "../../design/Row.module.css";
import { classes } from "../../design/classes";
import { useText } from "../../i18n/messages";
import styles from "./HashtagRow.module.css";
import { Sparkline } from "./Sparkline";
import type { HashtagUse } from "./queries";

interface HashtagRowProps {
  tag: string;
  /** How it is used; absent where that is not read. */
  use?: HashtagUse;
  /** Its place in a list, from 1. */
  position?: number;
  /** Stands at the end of the row. */
  actions?: ReactNode;
  /** Takes the edges of a card. */
  compact?: boolean;
}

/** A hashtag in a list: how many people use it, and how that went in the last day. */
export function HashtagRow({ tag, use, position, actions, compact = false }: HashtagRowProps) {
  const id = useId();
  const text = useText();
  return (
    <article
      className={classes(row.row, styles.row)}
      data-compact={compact}
      aria-labelledby={id}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
    >
      <div className={styles.text}>
        <Link id={id} to="/tags/$tag" params={{ tag }} className={classes(row.target, styles.tag)} data-hashtag-row>
          <bdi>#{tag}</bdi>
        </Link>
        {use && <p className={styles.count}>{text("hashtags.people", { count: use.authors_count })}</p>}
      </div>
      {use && <Sparkline history={use.history} />}
      {actions && <div className={classes(row.above, styles.actions)}>{actions}</div>}
    </article>
  );
}
