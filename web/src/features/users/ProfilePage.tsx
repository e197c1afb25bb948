import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Ban, CalendarDays, Link2, Lock, MapPin, UserRoundX } from "lucide-react";
import { useIntl } from "react-intl";

import type { User } from "../../api/client";
import { Problem } from "../../api/problem";
import { Avatar } from "../../design/Avatar";
import { buttonClass } from "../../design/Button";
import { EmptyState, FailureState } from "../../design/EmptyState";
import { SpinnerBlock } from "../../design/Spinner";
import { Tabs, tabClass } from "../../design/Tabs";
import { useText } from "../../i18n/messages";
import { variant } from "../media/variants";
import { WatchButton } from "../notifications/WatchButton";
import { PostList } from "../posts/PostList";
import { useMyId } from "../sessions/useSession";
import { PageHeader } from "../shell/PageHeader";
import { FollowButton } from "./FollowButton";
import { FollowCounts } from "./FollowCounts";
import { ProfileMenu } from "./ProfileMenu";
import styles from "./ProfilePage.module.css";
import { RelationshipNote } from "./RelationshipNote";
import { type ProfileTab, isLocked, likedPostsList, userByHandleQuery, userPostsList } from "./queries";

const TABS: readonly ProfileTab[] = ["posts", "replies", "media", "likes"];

export function ProfilePage() {
  const text = useText();
  const { handle = "", tab: path } = useParams({ strict: false });
  const tab = TABS.find((each) => each === path) ?? "posts";
  const myId = useMyId();
  const { data: user, error, refetch } = useQuery(userByHandleQuery(handle));

  if (!user) {
    return (
      <>
        <PageHeader title={`@${handle}`} back />
        {error instanceof Problem && error.status === 404 ? (
          <EmptyState icon={<UserRoundX size={32} />} title={text("users.missing_title")}>
            <p>{text("users.missing_text")}</p>
          </EmptyState>
        ) : error ? (
          <FailureState error={error} onRetry={() => void refetch()} />
        ) : (
          <SpinnerBlock label={text("common.loading")} />
        )}
      </>
    );
  }
  const blocked = user.relationship?.blocking === true;
  const locked = isLocked(user, myId);
  return (
    <>
      <PageHeader
        title={user.display_name}
        subtitle={blocked || locked ? undefined : text("users.posts_count", { count: user.posts_count })}
        back
      />
      <Profile user={user} />
      {blocked ? (
        <EmptyState icon={<Ban size={32} />} title={text("users.blocked", { handle: user.handle })}>
          <p>{text("users.blocked_text")}</p>
        </EmptyState>
      ) : locked ? (
        <EmptyState icon={<Lock size={32} />} title={text("users.protected_title")}>
          <p>
            {text(user.relationship?.follow_requested ? "users.requested_text" : "users.protected_text", {
              handle: user.handle,
            })}
          </p>
        </EmptyState>
      ) : (
        <Posts user={user} tab={tab} />
      )}
    </>
  );
}

/** The tabs of a profile, and the list of one. */
function Posts({ user, tab }: { user: User; tab: ProfileTab }) {
  const text = useText();
  return (
    <>
      <Tabs label={text("users.tabs")}>
        {TABS.map((each) =>
          each === "posts" ? (
            <Link
              key={each}
              to="/@{$handle}"
              params={{ handle: user.handle }}
              activeOptions={{ exact: true }}
              className={tabClass}
              replace
              resetScroll={false}
            >
              {text("users.tab_posts")}
            </Link>
          ) : (
            <Link
              key={each}
              to="/@{$handle}/$tab"
              params={{ handle: user.handle, tab: each }}
              className={tabClass}
              replace
              resetScroll={false}
            >
              {text(`users.tab_${each}`)}
            </Link>
          ),
        )}
      </Tabs>
      {tab === "likes" ? (
        <PostList
          key={tab}
          label={text("users.tab_likes")}
          list={likedPostsList(user.id)}
          empty={<EmptyState title={text("users.likes_empty")} />}
        />
      ) : (
        <PostList
          key={tab}
          label={text(`users.tab_${tab}`)}
          list={userPostsList(user.id, tab)}
          empty={<EmptyState title={text("users.posts_empty")} />}
        />
      )}
    </>
  );
}

function Profile({ user }: { user: User }) {
  const text = useText();
  const intl = useIntl();
  const myId = useMyId();
  const mine = user.id === myId;
  const closed = user.relationship?.blocking === true || isLocked(user, myId);
  const banner = user.banner?.state === "ready" ? variant(user.banner, "large")?.url : undefined;
  return (
    <>
      <div className={styles.banner}>{banner && <img src={banner} alt={user.banner?.alt_text ?? ""} crossOrigin="anonymous" />}</div>
      <section className={styles.profile} aria-label={text("users.profile")}>
        <div className={styles.top}>
          <span className={styles.picture}>
            <Avatar user={user} size={88} />
          </span>
          <div className={styles.actions}>
            <ProfileMenu user={user} />
            <WatchButton user={user} />
            {mine ? (
              <Link to="/settings/profile" className={buttonClass({ variant: "secondary" })}>
                {text("users.edit_profile")}
              </Link>
            ) : (
              <FollowButton user={user} />
            )}
          </div>
        </div>
        <div className={styles.names}>
          <h2>
            <bdi>{user.display_name}</bdi>
          </h2>
          <p className={styles.handle}>
            <span dir="ltr">@{user.handle}</span>
            {user.protected && <Lock size={14} role="img" aria-hidden={false} aria-label={text("users.protected")} />}
            {user.relationship?.followed_by && <span className={styles.badge}>{text("users.follows_you")}</span>}
          </p>
        </div>
        {user.bio && (
          <p className={styles.bio} dir="auto">
            {user.bio}
          </p>
        )}
        <p className={styles.facts}>
          {user.location && (
            <span className={styles.fact}>
              <MapPin size={16} />
              <bdi>{user.location}</bdi>
            </span>
          )}
          {user.website && (
            <span className={styles.fact}>
              <Link2 size={16} />
              <a href={user.website} target="_blank" rel="nofollow noopener noreferrer me" dir="ltr">
                {user.website.replace(/^https?:\/\//, "")}
              </a>
            </span>
          )}
          <span className={styles.fact}>
            <CalendarDays size={16} />
            {text("users.joined", {
              date: intl.formatDate(user.created_at, { month: "long", year: "numeric" }),
            })}
          </span>
        </p>
        {!closed && <FollowCounts user={user} linked />}
        <RelationshipNote user={user} />
      </section>
    </>
  );
}
