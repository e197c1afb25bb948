import type { ReactNode } from "react";

import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { useText } from "../../i18n/messages";
import { PageHeader } from "../shell/PageHeader";
import styles from "./SettingsPage.module.css";
import { useWide } from "./useWide";

/** The head of a page of the settings: it leads back to their list where that is not beside it. */
export function SettingsHeader({ title }: { title: string }) {
  return <PageHeader title={title} back={!useWide()} backTo="/settings" />;
}

/** The frame of each page of the settings. */
export function SettingsPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <SettingsHeader title={title} />
      <div className={styles.page}>{children}</div>
    </>
  );
}

interface SettingsSectionProps {
  title: string;
  about?: string | undefined;
  children: ReactNode;
}

/** A part of a page, with a heading. */
export function SettingsSection({ title, about, children }: SettingsSectionProps) {
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

interface LoadedProps<Data> {
  /** A query, as `useQuery` gives it. */
  query: { data: Data | undefined; error: unknown; refetch: () => unknown };
  children: (data: Data) => ReactNode;
}

/** Shows what was read, or that it is on its way, or why it could not be read. */
export function Loaded<Data>({ query, children }: LoadedProps<Data>) {
  const text = useText();
  if (query.data !== undefined) return children(query.data);
  return query.error ? (
    <FailureState error={query.error} onRetry={() => void query.refetch()} />
  ) : (
    <SpinnerBlock label={text("common.loading")} />
  );
}
