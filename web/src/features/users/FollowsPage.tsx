import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "@tanstack/react-router";
import { Lock } from "lucide-react";

import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { Tabs, tabClass } from "../../design/Tabs";
import { useText } from "../../i18n/messages";
import { useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { UserList } from "./UserList";
import { followersList, followingList, isLocked, userByHandleQuery } from "./queries";

/** The followers of a user, or those whom the user follows. */
export function FollowsPage() {
  const text = useText();
  const myId = useMyId();
  const { handle = "" } = useParams({ strict: false });
  const direction = useLocation({
    select: ({ pathname }) => (pathname.endsWith("/following") ? "following" : "followers"),
  });
  const { data: user, error, refetch } = useQuery(userByHandleQuery(handle));
  const label = text(direction === "followers" ? "users.followers" : "users.follows");

  return (
    <>
      <PageHeader title={user?.display_name ?? `@${handle}`} subtitle={user ? `@${user.handle}` : undefined} back>
        <Tabs label={text("users.follows_tabs")}>
          <Link to="/@{$handle}/followers" params={{ handle }} className={tabClass} replace>
            {text("users.followers")}
          </Link>
          <Link to="/@{$handle}/following" params={{ handle }} className={tabClass} replace>
            {text("users.follows")}
          </Link>
        </Tabs>
      </PageHeader>
      {!user ? (
        error ? (
          <FailureState error={error} onRetry={() => void refetch()} />
        ) : (
          <SpinnerBlock label={text("common.loading")} />
        )
      ) : isLocked(user, myId) ? (
        <EmptyState icon={<Lock size={32} />} title={text("users.protected")}>
          <p>{text("users.follows_protected_text", { handle: user.handle })}</p>
        </EmptyState>
      ) : (
        <UserList
          key={direction}
          label={label}
          list={direction === "followers" ? followersList(user.id) : followingList(user.id)}
          empty={
            <EmptyState
              title={text(direction === "followers" ? "users.followers_empty" : "users.follows_empty")}
            />
          }
        />
      )}
    </>
  );
}
