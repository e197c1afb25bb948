import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import type { User } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { useText } from "../../i18n/messages";
import { useMyId } from "../sessions/useSession";
import { FollowButton } from "./FollowButton";
import { FollowCounts } from "./FollowCounts";
import styles from "./ProfileCard.module.css";
import { UserName } from "./UserName";
import { isLocked, userByHandleQuery } from "./queries";

/** A profile in short, with the newest that is known of it. */
export function ProfileCard({ user: known }: { user: User }) {
  const text = useText();
  const myId = useMyId();
  const user = useQuery(userByHandleQuery(known.handle)).data ?? known;
  const closed = user.relationship?.blocking === true || isLocked(user, myId);
  const profile = { to: "/@{$handle}", params: { handle: user.handle } } as const;

  return (
    <section className={styles.card} aria-label={text("users.profile")}>
      <div className={styles.top}>
        <Link {...profile} tabIndex={-1} aria-hidden>
          <Avatar user={user} size={56} />
        </Link>
        <FollowButton user={user} size="small" />
      </div>
      <Link {...profile} className={styles.name}>
        <UserName user={user} stacked />
      </Link>
      {user.relationship?.followed_by && <p className={styles.badge}>{text("users.follows_you")}</p>}
      {user.bio && (
        <p className={styles.bio} dir="auto">
          {user.bio}
        </p>
      )}
      {!closed && <FollowCounts user={user} />}
    </section>
  );
}
