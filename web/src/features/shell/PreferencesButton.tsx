import { SunMoon } from "lucide-react";
import { useState } from "react";

import { IconButton } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { PreferencesDialog } from "./PreferencesDialog";

/** The way to language and theme for those who are not signed in. */
export function PreferencesButton() {
  const text = useText();
  const [open, setOpen] = useState(false);
  return (
    <>
      <IconButton label={text("shell.preferences")} onClick={() => setOpen(true)}>
        <SunMoon size={22} />
      </IconButton>
      {open && <PreferencesDialog onClose={() => setOpen(false)} />}
    </>
  );
}
