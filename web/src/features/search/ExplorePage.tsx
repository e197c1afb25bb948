import { Link } from "@tanstack/react-router";
import { Globe, Hash } from "lucide-react";

import { useText } from "../../i18n/messages";
import { useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { TrendList } from "../trends/TrendList";
import styles from "./ExplorePage.module.css";
import { RecentSearches } from "./RecentSearches";
import { SearchField } from "./SearchField";

/** The way to what one does not follow yet: search, trends, what everybody writes. */
export function ExplorePage() {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  return (
    <>
      <PageHeader title={text("search.explore")} lead={<SearchField />} />
      <nav className={styles.ways} aria-label={text("search.explore")}>
        <Link to="/public" className={styles.way}>
          <Globe size={18} aria-hidden />
          {text("search.public")}
        </Link>
        {signedIn && (
          <Link to="/followed-hashtags" className={styles.way}>
            <Hash size={18} aria-hidden />
            {text("hashtags.followed")}
          </Link>
        )}
      </nav>
      <RecentSearches />
      <TrendList />
    </>
  );
}
