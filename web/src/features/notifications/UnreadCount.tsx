import { useText } from "../../i18n/messages";
import { shortCount, useUnreadCount } from "./useUnreadCount";

/** How many notifications are unread, as a text for the navigation; nothing where all are read. */
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
