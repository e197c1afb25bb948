import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";

import { Button } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { useWaitingActions } from "../../offline/useAction";
import { useOnline } from "../../offline/useOnline";
import { stream, useStreamState } from "../../stream";
import { useMyId } from "../sessions/useSession";
import styles from "./Shell.module.css";

/** A short interruption is healed before anybody reads about it. */
const SHOWN_AFTER_MS = 4000;

/** Says that the connection is lost, and what waits for it. */
export function ConnectionState() {
  const text = useText();
  const signedIn = useMyId() !== undefined;
  const state = useStreamState();
  const online = useOnline();
  const waiting = useWaitingActions();
  const lost = !online || (signedIn && state !== "open" && state !== "closed");
  const shown = useDelayed(lost, SHOWN_AFTER_MS) || (!online && lost);

  return (
    <div role="status" className={styles.status}>
      {shown && (
        <div className={styles.connection}>
          <CloudOff size={16} />
          <span>
            {text(online ? "shell.reconnecting" : "shell.offline")}
            {waiting > 0 && ` ${text("shell.waiting", { count: waiting })}`}
          </span>
          {state === "waiting" && online && (
            <Button variant="quiet" size="small" onClick={stream.retryNow}>
              {text("shell.connect_now")}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** True once `value` has been true for so long. */
function useDelayed(value: boolean, milliseconds: number): boolean {
  const [delayed, setDelayed] = useState(false);
  useEffect(() => {
    if (!value) {
      setDelayed(false);
      return;
    }
    const timer = setTimeout(() => setDelayed(true), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return delayed;
}
