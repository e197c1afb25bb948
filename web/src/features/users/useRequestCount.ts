import { useQueryClient } from "@tanstack/react-query";

import { usePagedList } from "../../api/pages";
import { useTopic } from "../../stream";
import { useMe } from "../sessions/useSession";
import { followRequestsList } from "./queries";

/** How many follow requests wait for an answer, up to a page of them. An open account has none. */
export function useRequestCount(): number {
  const client = useQueryClient();
  const isProtected = useMe()?.protected === true;
  const list = followRequestsList();
  const { data } = usePagedList({ ...list, enabled: isProtected });

  // Each request notifies, and each answer elsewhere withdraws its notification.
  useTopic(isProtected ? "notifications" : undefined, (frame) => {
    const isMarker = frame.type === "event" && frame.change.kind === "marker";
    if (!isMarker) void client.invalidateQueries({ queryKey: list.key });
  });

  return isProtected ? (data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0) : 0;
}
