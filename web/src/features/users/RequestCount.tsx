import { useQueryClient } from "@tanstack/react-query";

import { usePagedList } from "../../api/pages";
import { useText } from "../../i18n/messages";
import { useTopic } from "../../stream";
import { useMe } from "../sessions/useSession";
import { followRequestsList } from "./queries";

/** How many follow requests wait for an answer, as a text. An open account has none. */
export function RequestCount() {
  const text = useText();
  const client = useQueryClient();
  const isProtected = useMe()?.protected === true;
  const list = followRequestsList();
  const { data } = usePagedList({ ...list, enabled: isProtected });

  // Each request notifies, and each answer elsewhere withdraws its notification.
  useTopic(isProtected ? "notifications" : undefined, (frame) => {
    const isMarker = frame.type === "event" && frame.change.kind === "marker";
    if (!isMarker) void client.invalidateQueries({ queryKey: list.key });
  });

  const count = data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;
  const more = data?.pages.at(-1)?.next_cursor != null;
  return isProtected && count > 0 ? text(more ? "users.requests_more" : "users.requests_number", { count }) : null;
}
