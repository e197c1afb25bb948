import { Link, useLocation, useSearch } from "@tanstack/react-router";
import { Bell, Settings2 } from "lucide-react";
import { Fragment, useEffect, useState } from "react";

import { isNewer } from "../../api/ids";
import { itemsOf, usePagedList } from "../../api/pages";
import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { Tabs, tabClass } from "../../design/Tabs";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { useMarker } from "../markers/useMarker";
import { PageHeader } from "../shell/PageHeader";
import { NewerPill } from "../timelines/NewerPill";
import { NotificationRow } from "./NotificationRow";
import styles from "./NotificationsPage.module.css";
import { type Filter, FILTERS, notificationsList } from "./queries";
import { useArrivals } from "./useArrivals";

/** What others did that concerns the user. */
export function NotificationsPage() {
  const text = useText();
  const { show: filter = "all" } = useSearch({ strict: false }) as { show?: Filter };
  return (
    <div className={styles.page}>
      <PageHeader
        title={text("notifications.title")}
        actions={
          <Link
            to="/settings/notifications"
            className={styles.settings}
            aria-label={text("notifications.settings")}
            title={text("notifications.settings")}
          >
            <Settings2 size={22} />
          </Link>
        }
      >
        <Tabs label={text("notifications.filters")}>
          {(Object.keys(FILTERS) as Filter[]).map((each) => (
            <Link
              key={each}
              to="/notifications"
              search={each === "all" ? {} : { show: each }}
              activeOptions={{ exact: true, includeSearch: true }}
              className={tabClass}
            >
              {text(`notifications.filter_${each}`)}
            </Link>
          ))}
        </Tabs>
      </PageHeader>
      <Notifications key={filter} filter={filter} />
    </div>
  );
}

function Notifications({ filter }: { filter: Filter }) {
  const text = useText();
  const pages = usePagedList(notificationsList(filter));
  const items = itemsOf(pages.data);
  const entry = useLocation({ select: (location) => location.state.__TSR_key ?? location.href });
  const arrivals = useArrivals(filter, `${entry} ${filter}`);
  const { lastReadId, settled, move } = useMarker("notifications");
  // Where the line is: it stays while the marker moves.
  const [line, setLine] = useState<string | null>();
  const shownLine = line === undefined ? lastReadId : line;
  const newest = items[0]?.id;

  useEffect(() => {
    if (line === undefined && lastReadId !== undefined) setLine(lastReadId);
  }, [line, lastReadId]);

  useEffect(() => {
    // A filtered list says nothing about the notifications that it leaves out.
    if (filter !== "all" || newest === undefined || line === undefined) return;
    const read = () => {
      if (document.visibilityState === "visible" && isNewer(newest, line)) move(newest);
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [filter, newest, line, move]);

  const showNewer = async () => {
    const before = newest;
    await arrivals.show();
    if (before !== undefined) setLine(before);
  };

  if (pages.data === undefined || !settled) {
    return pages.isError ? (
      <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  const lineAt = items.findIndex((item) => !isNewer(item.id, shownLine ?? null));
  return (
    <>
      <NewerPill
        newer={{ ...arrivals, show: showNewer }}
        words={{
          show: "notifications.show_newer",
          some: "notifications.newer",
          many: "notifications.newer_many",
        }}
      />
      {items.length === 0 && !pages.hasNextPage ? (
        <EmptyState icon={<Bell size={32} />} title={text(`notifications.empty_${filter}`)}>
          {filter === "all" && <p>{text("notifications.empty_text")}</p>}
        </EmptyState>
      ) : (
        <VirtualList
          label={text("notifications.title")}
          items={items}
          keyOf={(item) => item.id}
          estimate={120}
          render={(item, index) => (
            <Fragment>
              {index > 0 && index === lineAt && (
                <div role="separator" aria-label={text("notifications.read_below")} className={styles.line}>
                  <span aria-hidden>{text("notifications.read_below")}</span>
                </div>
              )}
              <NotificationRow
                notification={item}
                unread={shownLine !== undefined && isNewer(item.id, shownLine)}
                position={index + 1}
              />
            </Fragment>
          )}
          onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
          loading={pages.isFetchingNextPage}
          failed={pages.isFetchNextPageError}
          end={text("notifications.end")}
        />
      )}
    </>
  );
}
