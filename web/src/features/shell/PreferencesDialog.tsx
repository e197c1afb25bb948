import { Dialog } from "../../design/Dialog";
import { useText } from "../../i18n/messages";
import { AppearanceChoices } from "./AppearanceChoices";
import styles from "./PreferencesDialog.module.css";

/** Language, theme and text size of this browser, for those who are not signed in. */
export function PreferencesDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  return (
    <Dialog title={text("shell.preferences")} onClose={onClose}>
      <div className={styles.choices}>
        <AppearanceChoices />
      </div>
    </Dialog>
  );
}
