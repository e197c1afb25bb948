import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { queryClient } from "../../api/cache";
import { useTopic } from "../../stream";
import { preferencesQuery, unreadCountQuery } from "./queries";

/** Many activities at once, as likes of a popular post, cost one request in this time. */
const COUNT_AGAIN_AFTER_MS = 1000;

let timer: ReturnType<typeof setTimeout> | undefined;

function countSoon(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    void queryClient.invalidateQueries(unreadCountQuery);
  }, COUNT_AGAIN_AFTER_MS);
}

/** Keeps the number of unread notifications as it changes. One component does it: the shell. */
export function useLiveUnreadCount(signedIn: boolean): void {
  const { data } = useQuery({ ...unreadCountQuery, enabled: signedIn });
  useTopic(signedIn ? "notifications" : undefined, countSoon);
  useTopic(signedIn ? "account" : undefined, (frame) => {
    // Unfollowing and blocking end watching, also where another device does it.
    const about = frame.type === "event" && frame.change.kind === "resource" ? frame.change.resource : undefined;
    if (about === "follow" || about === "block") void queryClient.invalidateQueries(preferencesQuery);
  });
  const count = signedIn ? (data?.count ?? 0) : 0;
  useAppBadge(count);
  useEffect(() => {
    if (signedIn && data?.count === 0) void closeShown().catch(() => undefined);
  }, [signedIn, data?.count]);
}

/** The count that the shell keeps. */
export function useUnreadCount(): number {
  return useQuery({ ...unreadCountQuery, enabled: false }).data?.count ?? 0;
}

/** Closes the notifications that the worker shows: they were read in the client. */
async function closeShown(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const shown of (await registration?.getNotifications?.()) ?? []) shown.close();
}

/** Shows the count on the icon of the installed app. */
function useAppBadge(count: number): void {
  useEffect(() => {
    if (!("setAppBadge" in navigator)) return;
    // A browser where the app is not installed may refuse; there is no icon then.
    const shown = count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge();
    shown.catch(() => undefined);
  }, [count]);
}
