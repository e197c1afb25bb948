/** What follows from who is signed in: cached data, waiting actions, the stream. */

import { queryClient } from "../api/cache";
import { session } from "../api/session";
import { followPushUser } from "../features/notifications/push";
import { forgetSearches } from "../features/search/recent";
import { outbox } from "../offline/actions";
import { forgetQueries, persistQueries, restoreQueries } from "../offline/persistence";
import { stream } from "../stream";

let userId: string | null | undefined;
let endPersistence: (() => void) | undefined;

/** Begins with who is signed in now, and follows each change. Resolves when the page can be shown. */
export async function followSession(): Promise<void> {
  session.subscribe(() => void follow());
  await follow();
}

async function follow(): Promise<void> {
  const next = session.state.status === "signed-in" ? session.state.userId : null;
  if (next === userId) return;
  const before = userId;
  userId = next;
  endPersistence?.();
  stream.stop();
  if (before !== undefined) queryClient.clear();
  if (before) {
    forgetSearches();
    await outbox.clear();
    await forgetQueries();
  }
  void followPushUser(next).catch(() => undefined);
  // Without IndexedDB, as in some private windows, nothing can be read offline.
  await restoreQueries(queryClient, next).catch(() => undefined);
  endPersistence = persistQueries(queryClient, next);
  if (next) {
    await outbox.open(next).catch(() => undefined);
    stream.start();
  }
}
