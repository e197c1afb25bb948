import type { ReactNode } from "react";

import type { User } from "../../api/client";
import { type PagedList, itemsOf, usePagedList } from "../../api/pages";
import { FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { VirtualList } from "../../design/VirtualList";
import { useText } from "../../i18n/messages";
import { focusCard } from "../../keyboard/cards";
import { useShortcuts } from "../../keyboard/shortcuts";
import { UserRow } from "./UserRow";

/** The height of a row with a bio of one line. */
const ROW_HEIGHT = 96;
const ROW = "[data-user-row]";

interface UserListProps {
  label: string;
  list: PagedList<User>;
  /** What stands in place of an empty list. */
  empty: ReactNode;
  /** What stands at the end of a row, in place of the button that follows. */
  actions?: (user: User) => ReactNode;
}

/** A list of users that is read page by page. */
export function UserList({ label, list, empty, actions }: UserListProps) {
  const text = useText();
  const pages = usePagedList(list);
  const users = itemsOf(pages.data);
  useShortcuts([
    { keys: "j", label: "users.next", run: () => focusCard(ROW, 1) },
    { keys: "k", label: "users.previous", run: () => focusCard(ROW, -1) },
  ]);

  if (pages.data === undefined) {
    return pages.isError ? (
      <FailureState error={pages.error} onRetry={() => void pages.refetch()} />
    ) : (
      <SpinnerBlock label={text("common.loading")} />
    );
  }
  if (users.length === 0 && !pages.hasNextPage) return empty;
  return (
    <VirtualList
      label={label}
      items={users}
      keyOf={(user) => user.id}
      render={(user, index) => <UserRow user={user} position={index + 1} actions={actions?.(user)} />}
      estimate={ROW_HEIGHT}
      onEnd={pages.hasNextPage ? () => void pages.fetchNextPage() : undefined}
      loading={pages.isFetchingNextPage}
      failed={pages.isFetchNextPageError}
    />
  );
}
