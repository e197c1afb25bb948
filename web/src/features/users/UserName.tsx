import { Lock } from "lucide-react";

import type { User } from "../../api/client";
import { classes } from "../../design/classes";
import { useText } from "../../i18n/messages";
import styles from "./UserName.module.css";

/** The display name and the handle of a user, beside or above each other. */
export function UserName({ user, stacked = false }: { user: User; stacked?: boolean }) {
  const text = useText();
  return (
    <span className={classes(styles.name, stacked && styles.stacked)}>
      <span className={styles.display}>
        {/* A name may be written in the other direction than the page. */}
        <bdi>{user.display_name}</bdi>
        {user.protected && (
          <Lock size={14} className={styles.lock} role="img" aria-label={text("users.protected")} aria-hidden={false} />
        )}
      </span>{" "}
      <span className={styles.handle} dir="ltr">
        @{user.handle}
      </span>
    </span>
  );
}
