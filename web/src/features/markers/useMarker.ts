import { useQuery } from "@tanstack/react-query";

import { queryClient } from "../../api/cache";
import { session } from "../../api/session";
import { useTopic } from "../../stream";
import { type MarkedTimeline, markerQuery, putMarker, showMarker } from "./queries";
import { MarkerWriter } from "./writer";

const writers: Record<MarkedTimeline, MarkerWriter> = {
  home: writerOf("home"),
  notifications: writerOf("notifications"),
};

function writerOf(timeline: MarkedTimeline): MarkerWriter {
  return new MarkerWriter(async (id, key) => {
    showMarker(timeline, await putMarker(timeline, id, key));
    if (timeline === "notifications") {
      await queryClient.invalidateQueries({ queryKey: ["notifications", "unread-count"] });
    }
  });
}

function flushAll(): void {
  for (const writer of Object.values(writers)) writer.flush();
}

addEventListener("pagehide", flushAll);
addEventListener("online", flushAll);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flushAll();
});
session.subscribe(() => {
  if (session.state.status === "signed-out") for (const writer of Object.values(writers)) writer.reset();
});

interface UsedMarker {
  /** The newest entry that was read; null before the first, undefined while it is not known. */
  lastReadId: string | null | undefined;
  /** Whether the marker is known, or cannot be read now. */
  settled: boolean;
  /** Says that this entry was read. */
  move: (id: string) => void;
}

/** The read marker of a timeline: that of all devices of the user. */
export function useMarker(timeline: MarkedTimeline): UsedMarker {
  const { data, isPending } = useQuery(markerQuery(timeline));
  useTopic(timeline, (frame) => {
    if (frame.type === "gap") void queryClient.invalidateQueries(markerQuery(timeline));
    if (frame.type !== "event" || frame.change.kind !== "marker") return;
    showMarker(timeline, { last_read_id: frame.change.last_read_id, updated_at: frame.at });
  });
  return { lastReadId: data?.last_read_id, settled: !isPending, move: writers[timeline].move };
}
