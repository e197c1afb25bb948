import { Link, useLocation } from "@tanstack/react-router";
import { LockKeyhole } from "lucide-react";
import type { ReactNode } from "react";

import { buttonClass } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import styles from "./SignInRequired.module.css";
import { useMyId } from "./useSession";

/** Shows a page to users. A stranger is led to sign in, and comes back to it. */
export function SignInRequired({ children }: { children: ReactNode }) {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const to = useLocation({ select: ({ href }) => href });
  if (signedIn) return children;
  return (
    <EmptyState icon={<LockKeyhole size={32} />} title={text("sessions.required_title")}>
      <p>{text("sessions.required_text")}</p>
      <div className={styles.buttons}>
        <Link to="/sign-in" search={{ to }} className={buttonClass({})}>
          {text("sessions.sign_in")}
        </Link>
        <Link to="/sign-up" search={{ to }} className={buttonClass({ variant: "secondary" })}>
          {text("sessions.sign_up")}
        </Link>
      </div>
    </EmptyState>
  );
}
