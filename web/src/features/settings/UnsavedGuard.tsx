import { useBlocker } from "@tanstack/react-router";

import { ConfirmDialog } from "../../design/ConfirmDialog";
import { useText } from "../../i18n/messages";

/** While `unsaved`, leaving the page has to be confirmed. */
export function UnsavedGuard({ unsaved }: { unsaved: boolean }) {
  const text = useText();
  const blocker = useBlocker({
    shouldBlockFn: () => unsaved,
    enableBeforeUnload: unsaved,
    withResolver: true,
  });
  if (blocker.status !== "blocked") return null;
  return (
    <ConfirmDialog
      title={text("settings.unsaved_title")}
      confirm={text("settings.leave")}
      cancel={text("settings.stay")}
      onConfirm={blocker.proceed}
      onClose={blocker.reset}
    >
      <p>{text("settings.unsaved_text")}</p>
    </ConfirmDialog>
  );
}
