import { X } from "lucide-react";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

import { useText } from "../i18n/messages";
import { IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { classes } from "./classes";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Stands at the end of the title's row. */
  actions?: ReactNode;
  /** Fills narrow screens. */
  full?: boolean;
}

/** A modal dialog. The browser keeps the focus inside; at the end it returns to where it was. */
export function Dialog({ title, onClose, children, actions, full = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const text = useText();

  // A layout effect ends while the dialog is in the page, so that the browser returns the focus.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (!dialog?.open) dialog?.showModal();
    const { style } = document.documentElement;
    // A dialog above a dialog leaves the page as it found it.
    const before = style.overflow;
    style.overflow = "hidden";
    return () => {
      style.overflow = before;
      dialog?.close();
    };
  }, []);

  return (
    // A click on the backdrop is a click on the dialog itself; Escape comes as `cancel`.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      className={classes(styles.dialog, full && styles.full)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        // A dialog inside of this one, and a file chooser, have an event of the same name.
        if (event.target !== ref.current) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className={styles.head}>
        <IconButton label={text("common.close")} onClick={onClose}>
          <X size={20} />
        </IconButton>
        <h2 id={titleId}>{title}</h2>
        {actions}
      </div>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}
