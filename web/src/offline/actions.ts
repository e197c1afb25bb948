/**
 * Actions of the user: shown at once, sent with an idempotency key, kept while offline.
 *
 * A feature defines its actions in `actions.ts` and runs them by `useAction`. An action that cannot
 * reach the server waits in the outbox, is sent when the connection is back, and has one effect
 * however often it is sent. An action that is refused is undone.
 */

import { del, entries, set } from "idb-keyval";

import { newIdempotencyKey } from "../api/idempotency";
import { isTemporary } from "../api/problem";
import type { MessageId } from "../i18n/messages";
import { outboxStore } from "./store";

export interface ActionDefinition<Input, Output> {
  /** Names the action in the outbox, as `posts.like`. It must stay the same. */
  name: string;
  /** Sends it by the typed client. */
  send: (input: Input, key: string) => Promise<Output>;
  /** Shows the effect at once. Returns what takes it back. */
  apply?: (input: Input) => () => void;
  /** Puts the answer into the cache. */
  succeed?: (output: Output, input: Input) => void;
  /** The words for a failure, as "Could not like the post". */
  failure: MessageId;
  /** Whether it may wait for the connection. Where not, being offline is a failure. */
  waits?: boolean;
  /** Actions of one lane are sent one after another, as a like and its undoing. */
  lane?: (input: Input) => string;
}

export interface Action<Input, Output> extends ActionDefinition<Input, Output> {
  /** Runs it. Resolves with undefined where it waits in the outbox. */
  run: (input: Input, options?: { key?: string }) => Promise<Output | undefined>;
}

interface WaitingAction {
  name: string;
  input: unknown;
  key: string;
  userId: string;
  /** The order of the outbox. */
  since: number;
}

// The last action of each lane.
const lanes = new Map<string, Promise<unknown>>();

/** Runs `send` after what was sent in the lane before. `last` says whether nothing came after it. */
async function inLane<Output>(
  lane: string | undefined,
  send: () => Promise<Output>,
): Promise<{ output: Output; last: boolean }> {
  if (lane === undefined) return { output: await send(), last: true };
  const sent = (lanes.get(lane) ?? Promise.resolve()).then(send, send);
  lanes.set(lane, sent);
  const isLast = () => lanes.get(lane) === sent;
  try {
    const output = await sent;
    return { output, last: isLast() };
  } finally {
    if (isLast()) lanes.delete(lane);
  }
}

// Actions of any input; what was stored under a name is what the action with that name takes.
const actions = new Map<string, Action<never, unknown>>();

/** The action with a name, for what was kept while a user signed in. */
export function actionNamed(name: string): Action<unknown, unknown> | undefined {
  return actions.get(name) as Action<unknown, unknown> | undefined;
}

export function defineAction<Input, Output>(
  definition: ActionDefinition<Input, Output>,
): Action<Input, Output> {
  const action: Action<Input, Output> = {
    ...definition,
    async run(input, { key = newIdempotencyKey() } = {}) {
      const undo = definition.apply?.(input);
      try {
        // Earlier actions go first, so that a like and its undoing keep their order.
        if (definition.waits && outbox.size > 0) {
          await outbox.add(definition.name, input, key);
          void outbox.flush();
          return undefined;
        }
        const { output, last } = await inLane(definition.lane?.(input), () =>
          definition.send(input, key),
        );
        // A later action of the lane shows its own effect already.
        if (last) definition.succeed?.(output, input);
        return output;
      } catch (error) {
        if (definition.waits && isTemporary(error)) {
          await outbox.add(definition.name, input, key);
          return undefined;
        }
        undo?.();
        throw error;
      }
    },
  };
  if (actions.has(definition.name)) throw new Error(`Two actions are named ${definition.name}.`);
  actions.set(definition.name, action as unknown as Action<never, unknown>);
  return action;
}

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;

/** The actions that wait for the connection. */
class Outbox {
  #waiting: WaitingAction[] = [];
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #userId: string | undefined;
  #flushing = false;
  readonly #listeners = new Set<() => void>();
  readonly #refusals = new Set<(failure: MessageId, error: unknown) => void>();

  get size(): number {
    return this.#waiting.length;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls `listener` for an action that waited and was refused then. */
  onRefusal(listener: (failure: MessageId, error: unknown) => void): () => void {
    this.#refusals.add(listener);
    return () => this.#refusals.delete(listener);
  }

  /** Loads what waits of a user, and shows its effects. */
  async open(userId: string): Promise<void> {
    this.#userId = userId;
    const found = await entries<string, WaitingAction>(outboxStore);
    this.#waiting = found
      .map(([, entry]) => entry)
      .filter((entry) => entry.userId === userId)
      .sort((one, other) => one.since - other.since);
    for (const entry of this.#waiting) actions.get(entry.name)?.apply?.(entry.input as never);
    this.#notify();
    void this.flush();
  }

  async add(name: string, input: unknown, key: string): Promise<void> {
    if (this.#userId === undefined) throw new Error("Nobody is signed in.");
    const entry = { name, input, key, userId: this.#userId, since: Date.now() };
    this.#waiting.push(entry);
    this.#notify();
    await set(key, entry, outboxStore);
    this.#retryLater();
  }

  /** Sends what waits, oldest first. Ends at the first that still cannot be sent. */
  async flush(): Promise<void> {
    if (this.#flushing || this.#waiting.length === 0) return;
    this.#flushing = true;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    try {
      // One tab sends; the keys make a second one harmless.
      await navigator.locks.request("roost-outbox", () => this.#sendAll());
    } finally {
      this.#flushing = false;
    }
    this.#failures = this.#waiting.length > 0 ? this.#failures + 1 : 0;
    this.#retryLater();
  }

  /** Sends again after a pause that grows: a server that answers again is not always reported. */
  #retryLater(): void {
    if (this.#waiting.length === 0 || this.#flushing || this.#retryTimer !== undefined) return;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      void this.flush();
    }, pause);
  }

  /** Forgets all that waits: after signing out. */
  async clear(): Promise<void> {
    const keys = this.#waiting.map((entry) => entry.key);
    this.#waiting = [];
    this.#userId = undefined;
    this.#failures = 0;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#notify();
    await Promise.all(keys.map((key) => del(key, outboxStore)));
  }

  async #sendAll(): Promise<void> {
    for (let entry = this.#waiting[0]; entry; entry = this.#waiting[0]) {
      const action = actions.get(entry.name);
      try {
        const output = await action?.send(entry.input as never, entry.key);
        action?.succeed?.(output, entry.input as never);
      } catch (error) {
        if (isTemporary(error)) return;
        if (action) for (const listener of this.#refusals) listener(action.failure, error);
      }
      this.#waiting.shift();
      this.#notify();
      await del(entry.key, outboxStore);
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const outbox = new Outbox();

addEventListener("online", () => void outbox.flush());
