import { Outlet } from "@tanstack/react-router";

import { useText } from "../../i18n/messages";
import { SignInRequired } from "../sessions/SignInRequired";
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

  if (!signedIn) {
    return (
      <>
        <PageHeader title={text("settings.title")} />
        {/* Language and theme stand behind the button in the head. */}
        <SignInRequired>{null}</SignInRequired>
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
