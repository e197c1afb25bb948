import { useLocation } from "@tanstack/react-router";

import { useText } from "../../i18n/messages";
import { runShortcut } from "../../keyboard/shortcuts";
import { SearchField } from "../search/SearchField";
import { useMyId } from "../sessions/useSession";
import { TrendsCard } from "../trends/TrendsCard";
import styles from "./Aside.module.css";
import { Welcome } from "./Welcome";

/** What stands beside a page where there is room: search, trends, links. */
export function Aside() {
  const signedIn = useMyId() !== undefined;
  const path = useLocation({ select: (location) => location.pathname });
  // These pages have the field themselves, and the first one all trends.
  const explores = path === "/explore";
  const searches = path === "/search";
  return (
    <>
      {!explores && !searches && (
        <div className={styles.search}>
          <SearchField />
        </div>
      )}
      {!signedIn && (
        <div className={styles.card}>
          <Welcome />
        </div>
      )}
      {!explores && <TrendsCard />}
      <Foot />
    </>
  );
}

function Foot() {
  const text = useText();
  return (
    <footer className={styles.foot}>
      <a href="/docs">{text("shell.developers")}</a>
      <button type="button" onClick={() => runShortcut("?")}>
        {text("shell.shortcuts")}
      </button>
    </footer>
  );
}
