/**
 * Writes a read marker lazily: after a pause, and at once when the page is hidden.
 *
 * A marker only moves forward. What could not be written is written with the next move, or when the
 * connection is back. Nothing of it is shown: the reader did not act.
 */

import { newIdempotencyKey } from "../../api/idempotency";
import { isNewer } from "../../api/ids";
import { isTemporary } from "../../api/problem";

const PAUSE_MS = 2000;

export class MarkerWriter {
  readonly #write: (id: string, key: string) => Promise<void>;
  /** The newest id that is not written yet, with the key of its request. */
  #waiting: { id: string; key: string } | undefined;
  #newest: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing = false;

  constructor(write: (id: string, key: string) => Promise<void>) {
    this.#write = write;
  }

  move = (id: string): void => {
    if (!isNewer(id, this.#newest)) return;
    this.#newest = id;
    this.#waiting = { id, key: newIdempotencyKey() };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.flush, PAUSE_MS);
  };

  /** Forgets what waits and what was written: after signing out. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#waiting = undefined;
    this.#newest = null;
  }

  /** Writes what waits now. */
  flush = (): void => {
    clearTimeout(this.#timer);
    const waiting = this.#waiting;
    if (!waiting || this.#writing) return;
    this.#writing = true;
    this.#write(waiting.id, waiting.key)
      .then(
        () => true,
        (error: unknown) => !isTemporary(error),
      )
      .then((done) => {
        this.#writing = false;
        if (this.#waiting !== waiting) this.flush();
        else if (done) this.#waiting = undefined;
      });
  };
}
