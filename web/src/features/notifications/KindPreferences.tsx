import { useText } from "../../i18n/messages";
import { KIND_ICONS } from "./icons";
import styles from "./PreferencesPage.module.css";
import { KINDS, type Preferences } from "./queries";

type Kinds = Preferences["kinds"];
const SENDERS = ["everyone", "following", "nobody"] as const;

interface KindPreferencesProps {
  kinds: Kinds;
  onChange: (kinds: Partial<Kinds>) => void;
}

/** For each kind: whose activities notify, and whether they are pushed. */
export function KindPreferences({ kinds, onChange }: KindPreferencesProps) {
  const text = useText();
  return (
    <div className={styles.kinds}>
      {KINDS.map((kind) => {
        const Icon = KIND_ICONS[kind];
        const preference = kinds[kind];
        const name = text(`notifications.kind_${kind}`);
        return (
          <div key={kind} className={styles.kind} role="group" aria-label={name}>
            <span className={styles.kindName}>
              <Icon size={20} />
              {name}
            </span>
            <span className={styles.channels}>
              <select
                className={styles.select}
                aria-label={text("notifications.from", { kind: name })}
                value={preference.from}
                onChange={(event) =>
                  onChange({ [kind]: { ...preference, from: event.target.value as (typeof SENDERS)[number] } })
                }
              >
                {SENDERS.map((sender) => (
                  <option key={sender} value={sender}>
                    {text(`notifications.from_${sender}`)}
                  </option>
                ))}
              </select>
              <label className={styles.push}>
                <input
                  type="checkbox"
                  checked={preference.push}
                  // What does not notify is not pushed either.
                  disabled={preference.from === "nobody"}
                  onChange={(event) => onChange({ [kind]: { ...preference, push: event.target.checked } })}
                />
                {text("notifications.pushed")}
              </label>
            </span>
          </div>
        );
      })}
    </div>
  );
}
