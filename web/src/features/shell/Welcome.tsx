import { Link, useLocation } from "@tanstack/react-router";
import { BookOpen, PenLine } from "lucide-react";

import { buttonClass } from "../../design/Button";
import { useText } from "../../i18n/messages";
import styles from "./Welcome.module.css";

/** What a stranger can read, and what an account adds. */
export function Welcome() {
  const text = useText();
  const here = useLocation({ select: ({ href }) => href });
  const search = here === "/" ? {} : { to: here };
  return (
    <section className={styles.welcome} aria-labelledby="welcome">
      <h2 id="welcome">{text("shell.welcome_title")}</h2>
      <ul>
        <li>
          <BookOpen size={20} />
          {text("shell.welcome_read")}
        </li>
        <li>
          <PenLine size={20} />
          {text("shell.welcome_account")}
        </li>
      </ul>
      <div className={styles.buttons}>
        <Link to="/sign-up" search={search} className={buttonClass({})}>
          {text("sessions.sign_up")}
        </Link>
        <Link to="/sign-in" search={search} className={buttonClass({ variant: "secondary" })}>
          {text("sessions.sign_in")}
        </Link>
      </div>
    </section>
  );
}
