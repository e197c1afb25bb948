import { useNavigate } from "@tanstack/react-router";

import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useMyId } from "../sessions/useSession";
import { followHashtag, unfollowHashtag } from "./actions";

/** Follows and unfollows a hashtag. A stranger is led to sign in. */
export function FollowHashtagButton({ tag, following }: { tag: string; following: boolean }) {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const navigate = useNavigate();
  const follow = useAction(followHashtag);
  const unfollow = useAction(unfollowHashtag);
  const label = text(following ? "hashtags.following" : "hashtags.follow");
  const toggle = () => {
    if (!signedIn) return void navigate({ to: "/sign-in", search: { to: `/tags/${encodeURIComponent(tag)}` } });
    void (following ? unfollow : follow).run({ tag });
  };
  return (
    <Button
      size="small"
      variant={following ? "secondary" : "primary"}
      aria-pressed={following}
      aria-label={`${label}: #${tag}`}
      onClick={toggle}
    >
      {label}
    </Button>
  );
}
