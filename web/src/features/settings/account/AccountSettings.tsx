import { useText } from "../../../i18n/messages";
import { useMe } from "../../sessions/useSession";
import { SettingsPage, SettingsSection } from "../SettingsPage";
import { AccountDeletion } from "./AccountDeletion";
import { EmailSettings } from "./EmailSettings";
import { PasswordForm } from "./PasswordForm";

/** What belongs to the account and not to the profile. */
export function AccountSettings() {
  const text = useText();
  const handle = useMe()?.handle ?? "";
  return (
    <SettingsPage title={text("settings.account")}>
      <SettingsSection title={text("settings.email")} about={text("settings.email_about")}>
        <EmailSettings />
      </SettingsSection>
      <SettingsSection title={text("settings.password")} about={text("settings.password_about")}>
        <PasswordForm handle={handle} />
      </SettingsSection>
      <SettingsSection title={text("settings.delete_account")} about={text("settings.delete_about")}>
        <AccountDeletion handle={handle} />
      </SettingsSection>
    </SettingsPage>
  );
}
