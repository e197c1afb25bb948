import { Link, useLocation } from "@tanstack/react-router";

import { buttonClass } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { runShortcut } from "../../keyboard/shortcuts";
import { SearchField } from "../search/SearchField";
import { useMyId } from "../sessions/useSession";
import { TrendsCard } from "../trends/TrendsCard";
import styles from "./Aside.module.css";

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
      {!signedIn && <Welcome />}
      {!explores && <TrendsCard />}
      <Foot />
    </>
  );
}

function Welcome() {
  const text = useText();
  return (
    <section className={styles.card}>
      <h2>{text("shell.welcome_title")}</h2>
      <p>{text("shell.welcome_text")}</p>
      <Link to="/sign-up" className={buttonClass({ wide: true })}>
        {text("sessions.sign_up")}
      </Link>
      <Link to="/sign-in" className={buttonClass({ variant: "secondary", wide: true })}>
        {text("sessions.sign_in")}
      </Link>
    </section>
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
