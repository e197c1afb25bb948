import type { ReactNode } from "react";

import { useText } from "../i18n/messages";
import { Button } from "./Button";
import styles from "./ConfirmDialog.module.css";
import { Dialog } from "./Dialog";

interface ConfirmDialogProps {
  title: string;
  /** The words of the button that goes on. */
  confirm: string;
  /** The words of the button that does nothing. */
  cancel?: string;
  onConfirm: () => void;
  onClose: () => void;
  busy?: boolean;
  children: ReactNode;
}

/** Says what an act brings, and does it only when it is confirmed. */
export function ConfirmDialog({
  title,
  confirm,
  cancel,
  onConfirm,
  onClose,
  busy = false,
  children,
}: ConfirmDialogProps) {
  const text = useText();
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.confirm}>
        {children}
        <div className={styles.buttons}>
          <Button variant="secondary" onClick={onClose}>
            {cancel ?? text("common.cancel")}
          </Button>
          <Button variant="danger" busy={busy} onClick={onConfirm}>
            {confirm}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
