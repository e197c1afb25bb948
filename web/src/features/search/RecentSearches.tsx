import { Link } from "@tanstack/react-router";
import { Clock, X } from "lucide-react";

import { Button, IconButton } from "../../design/Button";
import row from "../../design/Row.module.css";
import { classes } from "../../design/classes";
import { useText } from "../../i18n/messages";
import styles from "./RecentSearches.module.css";
import { forgetSearch, forgetSearches, useRecentSearches } from "./recent";

/** The last searches on this device. Each can be removed. */
export function RecentSearches() {
  const text = useText();
  const recent = useRecentSearches();
  if (recent.length === 0) return null;
  return (
    <section className={styles.recent} aria-labelledby="recent-searches">
      <div className={styles.head}>
        <h2 id="recent-searches">{text("search.recent")}</h2>
        <Button variant="quiet" size="small" onClick={forgetSearches}>
          {text("search.forget_all")}
        </Button>
      </div>
      <ul>
        {recent.map((query) => (
          <li key={query} className={classes(row.row, styles.row)}>
            <Clock size={18} className={styles.icon} aria-hidden />
            <Link to="/search" search={{ q: query }} className={classes(row.target, styles.query)}>
              <bdi>{query}</bdi>
            </Link>
            <IconButton
              label={text("search.forget", { query })}
              className={classes(row.above, styles.forget)}
              onClick={() => forgetSearch(query)}
            >
              <X size={18} />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
