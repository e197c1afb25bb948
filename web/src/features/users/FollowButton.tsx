import { useNavigate } from "@tanstack/react-router";

import type { User } from "../../api/client";
import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useMyId } from "../sessions/useSession";
import styles from "./FollowButton.module.css";
import { follow, unfollow } from "./actions";

/** Follows and unfollows. The user themself has none. */
export function FollowButton({ user, size = "medium" }: { user: User; size?: "small" | "medium" }) {
  const text = useText();
  const myId = useMyId();
  const navigate = useNavigate();
  const following = useAction(follow);
  const unfollowing = useAction(unfollow);
  if (myId === user.id || user.relationship?.blocked_by || user.relationship?.blocking) return null;

  const { following: follows = false, follow_requested: requested = false, followed_by: followedBy = false } =
    user.relationship ?? {};
  const toggle = () => {
    if (myId === undefined) return void navigate({ to: "/sign-in", search: { to: `/@${user.handle}` } });
    const input = { userId: user.id, protected: user.protected };
    if (follows || requested) void unfollowing.run({ ...input, following: follows });
    else void following.run(input);
  };
  const label = follows
    ? text("users.following")
    : requested
      ? text("users.requested")
      : followedBy
        ? text("users.follow_back")
        : text("users.follow");

  return (
    <Button
      className={styles.button}
      size={size}
      variant={follows || requested ? "secondary" : "primary"}
      aria-pressed={follows || requested}
      aria-label={`${label}: @${user.handle}`}
      onClick={toggle}
    >
      {label}
    </Button>
  );
}
