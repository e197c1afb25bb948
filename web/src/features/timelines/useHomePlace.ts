import { skipToken, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useEffectEvent, useState } from "react";

import { queryClient } from "../../api/cache";
import type { TimelineItem } from "../../api/client";
import { isNewer } from "../../api/ids";
import { type Pages, itemsOf, usePagedList } from "../../api/pages";
import { isHidden } from "../posts/hidden";
import { useMarker } from "../markers/useMarker";
import { homeList } from "./queries";
import { firstVisibleRow, scrollToRow } from "./rows";

/** A post counts as read when it has been visible for so long. */
const READ_AFTER_MS = 1000;
/** The offer is worth it only past the first posts. */
const MIN_DISTANCE = 3;
/** No more pages than this are read on the way to the place. */
const MAX_PAGES = 20;

/** Where the user stopped before this start of the client. */
interface Opening {
  lastReadId: string | null;
  /** Whether the reader went there, or does not want to. */
  done: boolean;
}

const OPENING = ["markers", "home", "opening"];

interface HomePlace {
  /** Whether the place is further down, so that the way to it is offered. */
  offered: boolean;
  loading: boolean;
  resume: () => Promise<void>;
  dismiss: () => void;
}

/**
 * The place in the home where the user stopped, on this device or on another one.
 *
 * Nothing moves by itself. The marker stays where it was until the reader takes the offer, dismisses
 * it, or has read down to the place; then it follows the newest post that was visible.
 */
export function useHomePlace(): HomePlace {
  const list = homeList("latest");
  const pages = usePagedList(list);
  const items = shownItems(pages.data);
  const { lastReadId, move } = useMarker("home");
  const [loading, setLoading] = useState(false);
  const { data: opening } = useQuery<Opening>({ queryKey: OPENING, queryFn: skipToken, gcTime: Infinity });

  useEffect(() => {
    if (opening === undefined && lastReadId !== undefined) {
      queryClient.setQueryData<Opening>(OPENING, { lastReadId, done: lastReadId === null });
    }
  }, [opening, lastReadId]);

  const newest = items[0]?.id ?? null;
  const placeOf = (id: string | null) => items.findIndex((item) => !isNewer(item.id, id));
  const at = opening ? placeOf(opening.lastReadId) : 0;
  const waits = opening !== undefined && !opening.done && isNewer(newest, opening.lastReadId);
  // Another device read further than this list goes: the place is in what is newer.
  const ahead = opening !== undefined && isNewer(opening.lastReadId, newest);
  const offered = waits && (at === -1 || at >= MIN_DISTANCE);

  const read = useEffectEvent(() => {
    const index = firstVisibleRow();
    const item = index === undefined ? undefined : items[index];
    if (!item || index === undefined || !opening || document.visibilityState !== "visible") return;
    if (ahead || (offered && (at === -1 || index < at))) return;
    if (!opening.done) dismiss();
    if (isNewer(item.id, lastReadId ?? null)) move(item.id);
  });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(read, READ_AFTER_MS);
    };
    soon();
    addEventListener("scroll", soon, { passive: true });
    document.addEventListener("visibilitychange", soon);
    return () => {
      clearTimeout(timer);
      removeEventListener("scroll", soon);
      document.removeEventListener("visibilitychange", soon);
    };
  }, [newest, opening]);

  const dismiss = useCallback(() => {
    queryClient.setQueryData<Opening>(OPENING, (now) => now && { ...now, done: true });
  }, []);

  const resume = async () => {
    if (!opening) return;
    setLoading(true);
    try {
      let result: Pick<typeof pages, "data" | "hasNextPage"> = pages;
      const index = () => shownItems(result.data).findIndex((item) => !isNewer(item.id, opening.lastReadId));
      for (let count = 0; index() === -1 && result.hasNextPage && count < MAX_PAGES; count++) {
        result = await pages.fetchNextPage({ throwOnError: true });
      }
      const found = index();
      dismiss();
      await scrollToRow(found === -1 ? shownItems(result.data).length - 1 : found);
    } finally {
      setLoading(false);
    }
  };

  return { offered, loading, resume, dismiss };
}

/** The entries that the list shows, in its order. */
function shownItems(pages: Pages<TimelineItem> | undefined): TimelineItem[] {
  return itemsOf(pages).filter((item) => !isHidden(item, false));
}
