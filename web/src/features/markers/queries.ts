import { queryOptions } from "@tanstack/react-query";

import { queryClient } from "../../api/cache";
import { type Schemas, api, unwrap } from "../../api/client";
import { isNewer } from "../../api/ids";

export type Marker = Schemas["ReadMarker"];
export type MarkedTimeline = "home" | "notifications";

const PATHS = {
  home: "/v2/timelines/home/marker",
  notifications: "/v2/notifications/marker",
} as const;

/** Where the user stopped reading, on this device or on another one. */
export function markerQuery(timeline: MarkedTimeline) {
  return queryOptions({
    queryKey: ["markers", timeline],
    queryFn: ({ signal }): Promise<Marker> => unwrap(api.GET(PATHS[timeline], { signal })),
    // The stream brings what changes. Each start reads it: another device may have moved it.
    staleTime: Infinity,
    retry: false,
  });
}

/** Moves the marker on the server. The request outlives the page. */
export function putMarker(timeline: MarkedTimeline, id: string, key: string): Promise<Marker> {
  return unwrap(
    api.PUT(PATHS[timeline], {
      params: { header: { "Idempotency-Key": key } },
      body: { last_read_id: id },
      keepalive: true,
    }),
  );
}

/** Shows a marker that moved. A marker never moves back. */
export function showMarker(timeline: MarkedTimeline, marker: Marker): void {
  queryClient.setQueryData(markerQuery(timeline).queryKey, (shown) =>
    shown && !isNewer(marker.last_read_id, shown.last_read_id) ? shown : marker,
  );
}
