import { useText } from "../../i18n/messages";
import { AppearanceChoices } from "../shell/AppearanceChoices";
import styles from "./Hint.module.css";
import { SettingsPage } from "./SettingsPage";

/** How the client looks in this browser. */
export function AppearanceSettings() {
  const text = useText();
  return (
    <SettingsPage title={text("settings.appearance")}>
      <AppearanceChoices />
      <p className={styles.hint}>{text("settings.appearance_hint")}</p>
    </SettingsPage>
  );
}
