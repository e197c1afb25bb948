import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, memo, useId } from "react";

import type { User } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { useText } from "../../i18n/messages";
import { isOfItself } from "../posts/clicks";
import { FollowButton } from "./FollowButton";
import { UserName } from "./UserName";
import styles from "./UserRow.module.css";

interface UserRowProps {
  user: User;
  /** Its place in a list, from 1. */
  position?: number;
  /** Stands at the end of the row, in place of the button that follows. */
  actions?: ReactNode;
}

/** A user in a list: name, handle, the beginning of the bio, and a button. */
export const UserRow = memo(function UserRow({ user, position, actions }: UserRowProps) {
  const text = useText();
  const navigate = useNavigate();
  const nameId = useId();
  const profile = { to: "/@{$handle}", params: { handle: user.handle } } as const;
  const open = () => void navigate(profile);

  return (
    // A click anywhere opens the profile; with the keyboard Enter does.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article
      className={styles.row}
      data-user-row
      // A feed moves from article to article.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      aria-labelledby={nameId}
      aria-posinset={position}
      aria-setsize={position === undefined ? undefined : -1}
      onClick={(event) => {
        if (!isOfItself(event)) open();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && event.target === event.currentTarget) open();
      }}
    >
      <Link {...profile} tabIndex={-1} aria-hidden>
        <Avatar user={user} />
      </Link>
      <div className={styles.text}>
        <div className={styles.head}>
          <div className={styles.names}>
            <Link {...profile} id={nameId} className={styles.name}>
              <UserName user={user} stacked />
            </Link>
            {user.relationship?.followed_by && <span className={styles.badge}>{text("users.follows_you")}</span>}
          </div>
          <div className={styles.actions}>{actions ?? <FollowButton user={user} size="small" />}</div>
        </div>
        {user.bio && (
          <p className={styles.bio} dir="auto">
            {user.bio}
          </p>
        )}
      </div>
    </article>
  );
});
