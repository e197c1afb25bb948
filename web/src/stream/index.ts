/** The stream for components: `useTopic` and `useStreamState`. */

import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

import { api, unwrap } from "../api/client";
import { StreamConnection, type StreamState } from "./connection";
import type { Topic, TopicFrame } from "./frames";

export const stream = new StreamConnection({
  ticket: async () => (await unwrap(api.POST("/v2/stream/tickets"))).ticket,
  open: (protocols) =>
    new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`, protocols),
  random: Math.random,
});

addEventListener("online", stream.retryNow);

/** Calls the handler with each frame of a topic while the component is there. */
export function useTopic(topic: Topic | undefined, handle: (frame: TopicFrame) => void): void {
  const onFrame = useEffectEvent(handle);
  useEffect(() => (topic ? stream.listen(topic, (frame) => onFrame(frame)) : undefined), [topic]);
}

export function useStreamState(): StreamState {
  return useSyncExternalStore(stream.subscribeState, () => stream.state);
}
