import { useQuery } from "@tanstack/react-query";

import { Switch } from "../../design/Switch";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { Loaded, SettingsPage, SettingsSection } from "../settings/SettingsPage";
import { KindPreferences } from "./KindPreferences";
import { PushSettings } from "./PushSettings";
import { QuietHours } from "./QuietHours";
import { MutedConversations, WatchedUsers } from "./Exceptions";
import { changePreferences } from "./actions";
import { type Preferences, preferencesQuery } from "./queries";

/** What the user is notified of, and where. */
export function PreferencesPage() {
  const text = useText();
  const preferences = useQuery(preferencesQuery);
  return (
    <SettingsPage title={text("notifications.title")}>
      <SettingsSection title={text("notifications.push_title")}>
        <PushSettings />
      </SettingsSection>
      <Loaded query={preferences}>{(data) => <Sections preferences={data} />}</Loaded>
    </SettingsPage>
  );
}

function Sections({ preferences }: { preferences: Preferences }) {
  const text = useText();
  const changing = useAction(changePreferences);
  const change: typeof changing.run = (input) => changing.run(input);
  return (
    <>
      <SettingsSection title={text("notifications.kinds_title")} about={text("notifications.kinds_about")}>
        <KindPreferences kinds={preferences.kinds} onChange={(kinds) => void change({ kinds })} />
      </SettingsSection>
      <SettingsSection title={text("notifications.quiet_title")} about={text("notifications.quiet_about")}>
        <QuietHours
          hours={preferences.quiet_hours}
          timeZone={preferences.time_zone}
          onChange={(input) => void change(input)}
        />
      </SettingsSection>
      <SettingsSection title={text("notifications.email_title")}>
        <Switch
          label={text("notifications.digest")}
          hint={text("notifications.digest_hint")}
          checked={preferences.email_digest}
          onChange={(email_digest) => void change({ email_digest })}
        />
      </SettingsSection>
      <SettingsSection title={text("notifications.watched_title")} about={text("notifications.watched_about")}>
        <WatchedUsers ids={preferences.watched_user_ids} />
      </SettingsSection>
      <SettingsSection title={text("notifications.muted_title")} about={text("notifications.muted_about")}>
        <MutedConversations ids={preferences.muted_conversation_ids} />
      </SettingsSection>
    </>
  );
}
