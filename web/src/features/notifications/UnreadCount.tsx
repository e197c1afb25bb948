import { useText } from "../../i18n/messages";
import { MAX_UNREAD } from "./queries";
import { useUnreadCount } from "./useUnreadCount";

/** How many notifications are unread, as a text. Nothing where all are read. */
export function UnreadCount() {
  const text = useText();
  const count = useUnreadCount();
  if (count === 0) return null;
  return (
    <>
      <span aria-hidden>{shortCount(count)}</span>
      <span className="visually-hidden">{text("notifications.unread_count", { count })}</span>
    </>
  );
}

/** The server counts up to `MAX_UNREAD`. */
export function shortCount(count: number): string {
  return count >= MAX_UNREAD ? `${MAX_UNREAD - 1}+` : String(count);
}
