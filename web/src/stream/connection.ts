/**
 * The one connection of a tab to the stream.
 *
 * Topics are counted: the first listener subscribes, the last one unsubscribes. After a lost
 * connection it connects again, with growing pauses, and resumes after the last event that was
 * handled. What cannot be resumed comes as a `gap`.
 */

import { Problem } from "../api/problem";
import type { ClientFrame, ServerFrame, Topic, TopicFrame } from "./frames";

export type StreamState =
  /** Nobody is signed in, or the session ended. */
  | "closed"
  | "connecting"
  | "open"
  /** The connection is lost; the next attempt is planned. */
  | "waiting";

type Listener = (frame: TopicFrame) => void;

/** What the connection needs from the world. Tests pass their own. */
export interface StreamEnvironment {
  /** A ticket for one connection. */
  ticket: () => Promise<string>;
  open: (protocols: string[]) => WebSocket;
  random: () => number;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A listener that comes back within this time, as on another page, costs no frame. */
const UNSUBSCRIBE_AFTER_MS = 2000;
/** The session ended: no further attempt. */
const SESSION_REVOKED = 4001;

export class StreamConnection {
  readonly #environment: StreamEnvironment;
  readonly #topics = new Map<Topic, Set<Listener>>();
  readonly #stateListeners = new Set<() => void>();
  #state: StreamState = "closed";
  #socket: WebSocket | undefined;
  /** Frames that may be sent: after `hello`. */
  #ready = false;
  #lastSequence: number | undefined;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #heartbeatMs = 25_000;
  /** Raised by start and stop, so that an answer of an earlier attempt does nothing. */
  #generation = 0;

  constructor(environment: StreamEnvironment) {
    this.#environment = environment;
  }

  get state(): StreamState {
    return this.#state;
  }

  subscribeState = (listener: () => void): (() => void) => {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  };

  start(): void {
    if (this.#state !== "closed") return;
    this.#failures = 0;
    void this.#connect();
  }

  stop(): void {
    this.#generation += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#silenceTimer);
    this.#socket?.close(1000);
    this.#socket = undefined;
    this.#ready = false;
    this.#lastSequence = undefined;
    this.#set("closed");
  }

  /** Connects at once where the next attempt was planned for later. */
  retryNow = (): void => {
    if (this.#state !== "waiting") return;
    clearTimeout(this.#retryTimer);
    void this.#connect();
  };

  /** Listens to a topic. Returns what ends it. */
  listen(topic: Topic, listener: Listener): () => void {
    let listeners = this.#topics.get(topic);
    if (!listeners) {
      listeners = new Set();
      this.#topics.set(topic, listeners);
      this.#send({ type: "subscribe", topics: [topic] });
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      setTimeout(() => this.#leaveIfUnused(topic), UNSUBSCRIBE_AFTER_MS);
    };
  }

  #leaveIfUnused(topic: Topic): void {
    if (this.#topics.get(topic)?.size !== 0) return;
    this.#topics.delete(topic);
    this.#send({ type: "unsubscribe", topics: [topic] });
  }

  async #connect(): Promise<void> {
    const generation = ++this.#generation;
    this.#set("connecting");
    let ticket: string;
    try {
      ticket = await this.#environment.ticket();
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Problem && error.status === 401) this.stop();
      else this.#retry(error instanceof Problem ? error.retryAfter : undefined);
      return;
    }
    if (generation !== this.#generation) return;
    const socket = this.#environment.open(["roost.v1", `roost.ticket.${ticket}`]);
    this.#socket = socket;
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      if (socket === this.#socket) this.#receive(JSON.parse(data) as ServerFrame);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#lost(event);
    };
  }

  #receive(frame: ServerFrame): void {
    this.#expectFrame();
    switch (frame.type) {
      case "hello":
        this.#greet(frame);
        break;
      case "ping":
        this.#lastSequence = frame.sequence;
        this.#send({ type: "pong" });
        break;
      case "event":
        this.#lastSequence = frame.sequence;
        this.#deliver(frame.topic, frame);
        break;
      case "activity":
      case "hashtag_posts":
        this.#deliver(frame.topic, frame);
        break;
      case "gap":
        for (const topic of frame.topics ?? this.#topics.keys()) this.#deliver(topic, frame);
        break;
      default:
        break;
    }
  }

  #greet(frame: Extract<ServerFrame, { type: "hello" }>): void {
    this.#heartbeatMs = frame.heartbeat_seconds * 1000;
    this.#ready = true;
    this.#failures = 0;
    if (this.#lastSequence === undefined) this.#lastSequence = frame.last_sequence;
    else this.#send({ type: "resume", after_sequence: this.#lastSequence });
    if (this.#topics.size > 0) this.#send({ type: "subscribe", topics: [...this.#topics.keys()] });
    this.#expectFrame();
    this.#set("open");
  }

  #deliver(topic: Topic, frame: TopicFrame): void {
    for (const listener of this.#topics.get(topic) ?? []) listener(frame);
  }

  /** After two heartbeats without a frame the connection is dead, whatever the socket says. */
  #expectFrame(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lost(undefined), 2 * this.#heartbeatMs);
  }

  #lost(event: CloseEvent | undefined): void {
    clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#ready = false;
    if (event === undefined) socket?.close();
    if (event?.code === SESSION_REVOKED) this.stop();
    else this.#retry(retryAfterOf(event));
  }

  #retry(retryAfter: number | undefined): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#set("waiting");
    // Spread, so that not all clients come back at the same moment.
    const wait = Math.max(pause, (retryAfter ?? 0) * 1000) * (0.75 + this.#environment.random() / 2);
    this.#retryTimer = setTimeout(() => void this.#connect(), wait);
  }

  #send(frame: ClientFrame): void {
    if (this.#ready) this.#socket?.send(JSON.stringify(frame));
  }

  #set(state: StreamState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) listener();
  }
}

function retryAfterOf(event: CloseEvent | undefined): number | undefined {
  try {
    return (JSON.parse(event?.reason ?? "") as { retry_after?: number }).retry_after;
  } catch {
    return undefined;
  }
}
