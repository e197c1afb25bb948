import { useQuery } from "@tanstack/react-query";
import { TrendingUp } from "lucide-react";

import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { useText } from "../../i18n/messages";
import { RelativeTime } from "../../i18n/times";
import { useOnline } from "../../offline/useOnline";
import { HashtagRow } from "../hashtags/HashtagRow";
import styles from "./TrendList.module.css";
import { trendsQuery } from "./queries";

/** All trends, with the time for which they were computed where that is long ago. */
export function TrendList() {
  const text = useText();
  const online = useOnline();
  const { data: trends, error, refetch } = useQuery(trendsQuery);
  return (
    <section aria-labelledby="trends">
      <div className={styles.head}>
        <h2 id="trends">{text("trends.trends")}</h2>
        {!online && trends?.as_of && (
          <p className={styles.time}>
            {text("trends.as_of")} <RelativeTime value={trends.as_of} />
          </p>
        )}
      </div>
      {trends === undefined ? (
        error ? (
          <FailureState error={error} onRetry={() => void refetch()} />
        ) : (
          <SpinnerBlock label={text("common.loading")} />
        )
      ) : trends.items.length === 0 ? (
        <EmptyState icon={<TrendingUp size={32} />} title={text("trends.empty_title")}>
          <p>{text("trends.empty_text")}</p>
        </EmptyState>
      ) : (
        <ol>
          {trends.items.map(({ hashtag }) => (
            <li key={hashtag.tag}>
              <HashtagRow tag={hashtag.tag} use={hashtag} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
