import { useQuery } from "@tanstack/react-query";
import { Bell, BellRing } from "lucide-react";

import type { User } from "../../api/client";
import { IconButton } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import { useMyId } from "../sessions/useSession";
import styles from "./WatchButton.module.css";
import { unwatch, watch } from "./actions";
import { preferencesQuery } from "./queries";

/** The bell of a profile: the user's new posts notify. Absent where they cannot be watched. */
export function WatchButton({ user }: { user: User }) {
  const text = useText();
  const myId = useMyId();
  const { data: preferences } = useQuery({ ...preferencesQuery, enabled: myId !== undefined });
  const watching = useAction(watch);
  const ending = useAction(unwatch);
  const { following = false, blocking = false, blocked_by: blockedBy = false } = user.relationship ?? {};
  const possible = myId !== undefined && myId !== user.id && !blocking && !blockedBy && (following || !user.protected);
  if (!possible || !preferences) return null;

  const watched = preferences.watched_user_ids.includes(user.id);
  return (
    <IconButton
      className={styles.bell}
      label={text(watched ? "notifications.unwatch_user" : "notifications.watch_user", { handle: user.handle })}
      aria-pressed={watched}
      onClick={() => void (watched ? ending : watching).run({ userId: user.id })}
    >
      {watched ? <BellRing size={20} /> : <Bell size={20} />}
    </IconButton>
  );
}
