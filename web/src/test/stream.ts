/** Frames of the stream in tests, without a connection. */

import { act } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

import { stream } from "../stream";
import type { Change, Topic, TopicFrame } from "../stream/frames";

export interface Frames {
  /** Delivers an event of a topic to those who listen. */
  event: (topic: Topic, change: Change) => void;
  gap: (topic: Topic) => void;
}

/** Takes the place of the connection for each test of a file. */
export function frames(): Frames {
  const listeners = new Map<Topic, Set<(frame: TopicFrame) => void>>();
  let sequence = 0;
  const deliver = (topic: Topic, frame: TopicFrame) =>
    act(() => {
      for (const listener of listeners.get(topic) ?? []) listener(frame);
    });

  beforeEach(() => {
    listeners.clear();
    vi.spyOn(stream, "listen").mockImplementation((topic, listener) => {
      const all = listeners.get(topic) ?? new Set();
      listeners.set(topic, all.add(listener));
      return () => all.delete(listener);
    });
  });
  afterEach(() => {
    vi.mocked(stream.listen).mockRestore();
  });

  return {
    event: (topic, change) =>
      deliver(topic, { type: "event", sequence: ++sequence, topic, at: "2026-01-01T00:00:00Z", change }),
    gap: (topic) => deliver(topic, { type: "gap", first_sequence: sequence, topics: [topic] }),
  };
}
