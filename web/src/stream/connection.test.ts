import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { StreamConnection } from "./connection";
import type { ServerFrame } from "./frames";

class FakeSocket {
  static all: FakeSocket[] = [];
  sent: unknown[] = [];
  closed = false;
  onmessage: ((event: { data: string }) => void) | undefined;
  onclose: ((event: { code: number; reason: string }) => void) | undefined;

  constructor(readonly protocols: string[]) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  receive(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  lose(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

const HELLO: ServerFrame = { type: "hello", connection_id: "c", heartbeat_seconds: 25, last_sequence: 7 };
const event = (sequence: number): ServerFrame => ({
  type: "event",
  sequence,
  topic: "home",
  at: "2026-01-01T00:00:00Z",
  change: { kind: "marker", timeline: "home", last_read_id: "1" },
});

let stream: StreamConnection;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  stream = new StreamConnection({
    ticket: async () => "ticket",
    open: (protocols) => new FakeSocket(protocols) as unknown as WebSocket,
    random: () => 0.5,
  });
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const socket = (index: number) => FakeSocket.all[index] as FakeSocket;

it("opens with a ticket in a subprotocol and subscribes after hello", async () => {
  stream.listen("home", () => undefined);
  stream.start();
  await settle();
  expect(socket(0).protocols).toEqual(["roost.v1", "roost.ticket.ticket"]);
  expect(socket(0).sent).toEqual([]);

  socket(0).receive(HELLO);

  expect(socket(0).sent).toEqual([{ type: "subscribe", topics: ["home"] }]);
  expect(stream.state).toBe("open");
});

it("resumes after the last event of a lost connection, before it subscribes", async () => {
  const seen: number[] = [];
  stream.listen("home", (frame) => {
    if (frame.type === "event") seen.push(frame.sequence);
  });
  stream.start();
  await settle();
  socket(0).receive(HELLO);
  socket(0).receive(event(9));
  socket(0).lose(1012);
  expect(stream.state).toBe("waiting");

  await vi.advanceTimersByTimeAsync(1000);
  socket(1).receive({ ...HELLO, last_sequence: 12 });

  expect(socket(1).sent).toEqual([
    { type: "resume", after_sequence: 9 },
    { type: "subscribe", topics: ["home"] },
  ]);
  socket(1).receive(event(10));
  expect(seen).toEqual([9, 10]);
});

it("waits longer after each failure, and at least as long as the server says", async () => {
  stream.start();
  await settle();
  socket(0).lose(1006);
  await vi.advanceTimersByTimeAsync(1000);
  socket(1).lose(1013, JSON.stringify({ reason: "OVERLOADED", retry_after: 30 }));

  await vi.advanceTimersByTimeAsync(29_000);
  expect(FakeSocket.all).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeSocket.all).toHaveLength(3);
});

it("connects again after two heartbeats of silence", async () => {
  stream.start();
  await settle();
  socket(0).receive(HELLO);

  await vi.advanceTimersByTimeAsync(50_000);

  expect(socket(0).closed).toBe(true);
  expect(stream.state).toBe("waiting");
});

it("stops where the session was revoked", async () => {
  stream.start();
  await settle();
  socket(0).receive(HELLO);
  socket(0).lose(4001);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(stream.state).toBe("closed");
  expect(FakeSocket.all).toHaveLength(1);
});

it("passes a gap to the topics that it names, and to all where it names none", async () => {
  const seen: string[] = [];
  stream.listen("home", () => seen.push("home"));
  stream.listen("account", () => seen.push("account"));
  stream.start();
  await settle();
  socket(0).receive(HELLO);
  socket(0).receive({ type: "gap", first_sequence: 9, topics: ["home"] });
  socket(0).receive({ type: "gap", first_sequence: 9 });
  expect(seen).toEqual(["home", "home", "account"]);
});
