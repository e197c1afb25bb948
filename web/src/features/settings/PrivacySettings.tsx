import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ConfirmDialog } from "../../design/ConfirmDialog";
import { Switch } from "../../design/Switch";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { meQuery } from "../sessions/useSession";
import { Loaded, SettingsPage, SettingsSection } from "./SettingsPage";
import { changeSettings, setProtected } from "./actions";
import { settingsQuery } from "./queries";

/** Who may follow and read, and what the client reminds of. Each switch holds at once. */
export function PrivacySettings() {
  const text = useText();
  const me = useQuery(meQuery);
  const settings = useQuery(settingsQuery);
  const protecting = useAction(setProtected);
  const changing = useAction(changeSettings);
  const [opening, setOpening] = useState(false);

  return (
    <SettingsPage title={text("settings.privacy")}>
      <SettingsSection title={text("settings.followers")}>
        <Loaded query={me}>
          {(user) => (
            <Switch
              label={text("settings.protected")}
              hint={text("settings.protected_hint")}
              checked={user.protected}
              onChange={(wanted) => (wanted ? void protecting.run({ protected: true }) : setOpening(true))}
            />
          )}
        </Loaded>
      </SettingsSection>
      <SettingsSection title={text("settings.posting")}>
        <Loaded query={settings}>
          {({ alt_text_reminder }) => (
            <Switch
              label={text("settings.alt_text_reminder")}
              hint={text("settings.alt_text_reminder_hint")}
              checked={alt_text_reminder}
              onChange={(wanted) => void changing.run({ alt_text_reminder: wanted })}
            />
          )}
        </Loaded>
      </SettingsSection>
      {opening && (
        <ConfirmDialog
          title={text("settings.open_account_title")}
          confirm={text("settings.open_account")}
          onConfirm={() => {
            setOpening(false);
            void protecting.run({ protected: false });
          }}
          onClose={() => setOpening(false)}
        >
          <p>{text("settings.open_account_text")}</p>
        </ConfirmDialog>
      )}
    </SettingsPage>
  );
}
