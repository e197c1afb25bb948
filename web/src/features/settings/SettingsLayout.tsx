import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { LockKeyhole } from "lucide-react";

import { buttonClass } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { useText } from "../../i18n/messages";
import { useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { SectionList } from "./SectionList";
import styles from "./SettingsLayout.module.css";
import { useWide } from "./useWide";

/** The settings: their list and one page beside it, or one after the other where it is narrow. */
export function SettingsLayout() {
  const text = useText();
  const wide = useWide();
  const signedIn = useMyId() !== undefined;
  const path = useLocation({ select: ({ pathname }) => pathname });

  if (!signedIn) {
    return (
      <>
        <PageHeader title={text("settings.title")} />
        <EmptyState icon={<LockKeyhole size={32} />} title={text("settings.signed_out_title")}>
          <p>{text("settings.signed_out_text")}</p>
          <Link to="/sign-in" search={{ to: path }} className={buttonClass({})}>
            {text("sessions.sign_in")}
          </Link>
        </EmptyState>
      </>
    );
  }
  return (
    <div className={styles.settings} data-beside={wide} data-wide-page>
      {wide && (
        <div className={styles.list}>
          <p className={styles.title}>{text("settings.title")}</p>
          <SectionList />
        </div>
      )}
      <div className={styles.page}>
        <Outlet />
      </div>
    </div>
  );
}
