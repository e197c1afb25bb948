import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useText } from "../../i18n/messages";
import { useOnline } from "../../offline/useOnline";
import { HashtagRow } from "../hashtags/HashtagRow";
import styles from "./TrendsCard.module.css";
import { trendsQuery } from "./queries";

const MAX_SHOWN = 5;

/** The strongest trends, beside a page. Without a network, or without trends, nothing stands there. */
export function TrendsCard() {
  const text = useText();
  const online = useOnline();
  const { data: trends } = useQuery(trendsQuery);
  if (!online || !trends || trends.items.length === 0) return null;
  return (
    <section className={styles.card} aria-labelledby="trends-card">
      <h2 id="trends-card">{text("trends.trends")}</h2>
      <ol>
        {trends.items.slice(0, MAX_SHOWN).map(({ hashtag }) => (
          <li key={hashtag.tag}>
            <HashtagRow tag={hashtag.tag} use={hashtag} compact />
          </li>
        ))}
      </ol>
      <Link to="/explore" className={styles.more}>
        {text("trends.more")}
      </Link>
    </section>
  );
}
