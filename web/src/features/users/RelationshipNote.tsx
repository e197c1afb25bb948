import { UserRoundPlus, VolumeX } from "lucide-react";
import type { ReactNode } from "react";

import type { User } from "../../api/client";
import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useAction } from "../../offline/useAction";
import styles from "./RelationshipNote.module.css";
import { RequestButtons } from "./RequestButtons";
import { unmute } from "./actions";

/** What stands between the caller and a user, with a way to end it: a request, a mute. */
export function RelationshipNote({ user }: { user: User }) {
  const text = useText();
  const unmuting = useAction(unmute);
  const { handle, relationship } = user;
  return (
    <>
      {relationship?.follow_requested_by && (
        <Note icon={<UserRoundPlus size={20} />} words={text("users.asks_to_follow", { handle })}>
          <RequestButtons user={user} />
        </Note>
      )}
      {relationship?.muting && (
        <Note icon={<VolumeX size={20} />} words={text("users.muted_text", { handle })}>
          <Button variant="secondary" size="small" onClick={() => void unmuting.run({ userId: user.id })}>
            {text("users.unmute_short")}
          </Button>
        </Note>
      )}
    </>
  );
}

function Note({ icon, words, children }: { icon: ReactNode; words: string; children: ReactNode }) {
  return (
    <div className={styles.note}>
      <span className={styles.icon}>{icon}</span>
      <p>{words}</p>
      <div className={styles.buttons}>{children}</div>
    </div>
  );
}
