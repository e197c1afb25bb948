import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// What jsdom lacks.
class Locks {
  #last: Promise<unknown> = Promise.resolve();

  request<Result>(_name: string, run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
Object.defineProperty(navigator, "locks", { value: new Locks() });
// Node's own reaches the sessions of tests before.
class Channels {
  static open = new Set<Channels>();
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    Channels.open.add(this);
  }

  postMessage(data: unknown): void {
    for (const channel of Channels.open) {
      if (channel !== this && channel.name === this.name) queueMicrotask(() => channel.onmessage?.({ data }));
    }
  }

  close(): void {
    Channels.open.delete(this);
  }
}
vi.stubGlobal("BroadcastChannel", Channels);
Element.prototype.scrollIntoView ??= () => undefined;
HTMLElement.prototype.showPopover = vi.fn();
HTMLElement.prototype.hidePopover = vi.fn();
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};
globalThis.ResizeObserver ??= class {
  observe = () => undefined;
  unobserve = () => undefined;
  disconnect = () => undefined;
};
vi.stubGlobal("matchMedia", (media: string) => ({
  media,
  matches: false,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
vi.stubGlobal("scrollTo", () => undefined);
vi.mock("idb-keyval", async () => import("./keyval"));

// A condition is waited for, on a busy machine too.
configure({ asyncUtilTimeout: 15_000 });

afterEach(() => {
  cleanup();
  localStorage.clear();
  Channels.open.clear();
});
