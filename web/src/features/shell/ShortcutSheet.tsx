import { useState } from "react";

import { Dialog } from "../../design/Dialog";
import { useText } from "../../i18n/messages";
import { useRegisteredShortcuts, useShortcuts } from "../../keyboard/shortcuts";
import styles from "./ShortcutSheet.module.css";

/** The list of keyboard shortcuts that work on this page; `?` opens it. */
export function ShortcutSheet() {
  const text = useText();
  const [open, setOpen] = useState(false);
  const shortcuts = useRegisteredShortcuts();
  useShortcuts([{ keys: "?", label: "shell.shortcuts", run: () => setOpen(true) }]);
  if (!open) return null;
  return (
    <Dialog title={text("shell.shortcuts")} onClose={() => setOpen(false)}>
      <dl className={styles.list}>
        {shortcuts.map((shortcut) => (
          <div key={shortcut.keys} className={styles.row}>
            <dt>{text(shortcut.label)}</dt>
            <dd className={styles.keys} dir="ltr">
              {shortcut.keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
