import { BellOff, Smartphone } from "lucide-react";

import { Spinner } from "../../design/Spinner";
import { Switch } from "../../design/Switch";
import { useText } from "../../i18n/messages";
import styles from "./PreferencesPage.module.css";
import { usePushSubscription } from "./usePushSubscription";

/** Whether notifications come to this browser while the client is closed. */
export function PushSettings() {
  const text = useText();
  const { state, pending, turnOn, turnOff } = usePushSubscription();

  if (state === undefined) return <Spinner label={text("common.loading")} />;
  if (state === "unsupported") {
    return (
      <p className={styles.state}>
        <Smartphone size={20} />
        {text("notifications.push_unsupported")}
      </p>
    );
  }
  if (state === "denied") {
    return (
      <p className={styles.state} role="status">
        <BellOff size={20} />
        {text("notifications.push_denied")}
      </p>
    );
  }
  return (
    <Switch
      label={text("notifications.push_here")}
      hint={text("notifications.push_hint")}
      checked={state === "on"}
      disabled={pending}
      onChange={(on) => void (on ? turnOn() : turnOff())}
    />
  );
}
