import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { Switch } from "../../design/Switch";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { PageHeader } from "../shell/PageHeader";
import { KindPreferences } from "./KindPreferences";
import styles from "./PreferencesPage.module.css";
import { PushSettings } from "./PushSettings";
import { QuietHours } from "./QuietHours";
import { MutedConversations, WatchedUsers } from "./Exceptions";
import { changePreferences } from "./actions";
import { type Preferences, preferencesQuery } from "./queries";

/** What the user is notified of, and where. */
export function PreferencesPage() {
  const text = useText();
  const { data: preferences, error, refetch } = useQuery(preferencesQuery);
  return (
    <>
      <PageHeader title={text("notifications.title")} back />
      <div className={styles.page}>
        <Section title={text("notifications.push_title")}>
          <PushSettings />
        </Section>
        {preferences ? (
          <Sections preferences={preferences} />
        ) : error ? (
          <FailureState error={error} onRetry={() => void refetch()} />
        ) : (
          <SpinnerBlock label={text("common.loading")} />
        )}
      </div>
    </>
  );
}

function Sections({ preferences }: { preferences: Preferences }) {
  const text = useText();
  const changing = useAction(changePreferences);
  const change: typeof changing.run = (input) => changing.run(input);
  return (
    <>
      <Section title={text("notifications.kinds_title")} about={text("notifications.kinds_about")}>
        <KindPreferences kinds={preferences.kinds} onChange={(kinds) => void change({ kinds })} />
      </Section>
      <Section title={text("notifications.quiet_title")} about={text("notifications.quiet_about")}>
        <QuietHours
          hours={preferences.quiet_hours}
          timeZone={preferences.time_zone}
          onChange={(input) => void change(input)}
        />
      </Section>
      <Section title={text("notifications.email_title")}>
        <Switch
          label={text("notifications.digest")}
          hint={text("notifications.digest_hint")}
          checked={preferences.email_digest}
          onChange={(email_digest) => void change({ email_digest })}
        />
      </Section>
      <Section title={text("notifications.watched_title")} about={text("notifications.watched_about")}>
        <WatchedUsers ids={preferences.watched_user_ids} />
      </Section>
      <Section title={text("notifications.muted_title")} about={text("notifications.muted_about")}>
        <MutedConversations ids={preferences.muted_conversation_ids} />
      </Section>
    </>
  );
}

function Section({ title, about, children }: { title: string; about?: string; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <div className={styles.head}>
        <h2>{title}</h2>
        {about && <p>{about}</p>}
      </div>
      {children}
    </section>
  );
}
