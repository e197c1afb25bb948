import type { User } from "../../api/client";
import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useSignInPrompt } from "../sessions/SignInPrompt";
import { useMyId } from "../sessions/useSession";
import styles from "./FollowButton.module.css";
import { follow, unblock, unfollow } from "./actions";

interface FollowButtonProps {
  user: User;
  size?: "small" | "medium";
}

/** Follows and unfollows, withdraws a request, or ends a block. The user themself has none. */
export function FollowButton({ user, size = "medium" }: FollowButtonProps) {
  const text = useText();
  const myId = useMyId();
  const prompt = useSignInPrompt();
  const following = useAction(follow);
  const unfollowing = useAction(unfollow);
  const unblocking = useAction(unblock);
  if (myId === user.id) return null;

  const {
    following: follows = false,
    follow_requested: requested = false,
    followed_by: followedBy = false,
    blocking = false,
  } = user.relationship ?? {};
  const input = { userId: user.id, protected: user.protected };
  if (blocking) {
    const label = text("users.unblock");
    return (
      <Button
        className={styles.button}
        size={size}
        variant="danger"
        aria-label={`${label}: @${user.handle}`}
        onClick={() => void unblocking.run(input)}
      >
        {label}
      </Button>
    );
  }

  const toggle = () => {
    if (myId === undefined) {
      prompt({ title: "sessions.prompt_follow", intent: { kind: "action", name: follow.name, input } });
    } else if (follows || requested) void unfollowing.run({ ...input, following: follows });
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
      title={follows ? text("users.unfollow") : requested ? text("users.withdraw") : undefined}
      onClick={toggle}
    >
      {label}
    </Button>
  );
}
