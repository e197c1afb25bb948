import { useNavigate } from "@tanstack/react-router";
import { Monitor, Smartphone } from "lucide-react";
import { useState } from "react";

import type { Schemas } from "../../../api/client";
import { itemsOf, usePagedList } from "../../../api/pages";
import { session } from "../../../api/session";
import { Button } from "../../../design/Button";
import { ConfirmDialog } from "../../../design/ConfirmDialog";
import { useToasts } from "../../../design/Toast";
import { Text, useText } from "../../../i18n/messages";
import { useProblemText } from "../../../i18n/problems";
import { useFullTime } from "../../../i18n/times";
import { useAction } from "../../../offline/useAction";
import { Loaded, SettingsPage, SettingsSection } from "../SettingsPage";
import { endSession } from "../actions";
import { sessionsList } from "../queries";
import styles from "./SessionSettings.module.css";

/** The signed-in devices, and the ways to sign them out. */
export function SessionSettings() {
  const text = useText();
  const list = usePagedList(sessionsList);
  return (
    <SettingsPage title={text("settings.sessions")}>
      <SettingsSection title={text("settings.devices")} about={text("settings.devices_about")}>
        <Loaded query={list}>
          {(pages) => (
            <>
              <ul className={styles.list}>
                {/* This device comes first. */}
                {itemsOf(pages)
                  .sort((one, other) => Number(other.current) - Number(one.current))
                  .map((each) => (
                    <Device key={each.id} device={each} />
                  ))}
              </ul>
              {list.hasNextPage && (
                <div>
                  <Button
                    variant="secondary"
                    busy={list.isFetchingNextPage}
                    onClick={() => void list.fetchNextPage()}
                  >
                    {text(list.isFetchNextPageError ? "common.try_again" : "settings.more_sessions")}
                  </Button>
                </div>
              )}
            </>
          )}
        </Loaded>
      </SettingsSection>
      <SettingsSection title={text("settings.everywhere")} about={text("settings.everywhere_about")}>
        <Everywhere />
      </SettingsSection>
    </SettingsPage>
  );
}

function Device({ device }: { device: Schemas["Session"] }) {
  const text = useText();
  const ending = useAction(endSession);
  const name = device.device_name || text("settings.unknown_device");
  const Icon = /Android|iOS/.test(device.device_name) ? Smartphone : Monitor;
  return (
    <li className={styles.device}>
      <Icon size={22} className={styles.icon} />
      <div className={styles.words}>
        <p className={styles.name}>
          <bdi>{name}</bdi>
        </p>
        <p className={styles.times}>
          {device.current ? (
            <span className={styles.current}>{text("settings.this_device")}</span>
          ) : (
            <span>
              <Text id="settings.last_used" values={{ time: <Time key="time" value={device.last_used_at} /> }} />
            </span>
          )}
          <span>
            <Text id="settings.signed_in_since" values={{ time: <Time key="time" value={device.created_at} /> }} />
          </span>
        </p>
      </div>
      {!device.current && (
        <Button
          variant="secondary"
          size="small"
          aria-label={text("settings.end_session", { device: name })}
          onClick={() => void ending.run({ sessionId: device.id })}
        >
          {text("sessions.sign_out")}
        </Button>
      )}
    </li>
  );
}

function Time({ value }: { value: string }) {
  return <time dateTime={value}>{useFullTime(value)}</time>;
}

function Everywhere() {
  const text = useText();
  const toasts = useToasts();
  const problemText = useProblemText();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [pending, setPending] = useState(false);

  const signOut = async () => {
    setPending(true);
    try {
      await session.signOut({ everywhere: true });
      await navigate({ to: "/", replace: true });
    } catch (error) {
      toasts.show({
        tone: "failure",
        text: `${text("sessions.sign_out_failed")} ${problemText(error)}`,
        action: { label: text("common.try_again"), run: () => void signOut() },
      });
    } finally {
      setPending(false);
      setAsking(false);
    }
  };

  return (
    <div>
      <Button variant="danger" onClick={() => setAsking(true)}>
        {text("settings.sign_out_everywhere")}
      </Button>
      {asking && (
        <ConfirmDialog
          title={text("settings.everywhere_title")}
          confirm={text("settings.sign_out_everywhere")}
          busy={pending}
          onConfirm={() => void signOut()}
          onClose={() => setAsking(false)}
        >
          <p>{text("settings.everywhere_text")}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
