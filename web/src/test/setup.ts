import { cleanup } from "@testing-library/react";
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
vi.stubGlobal("scrollTo", () => undefined);
vi.mock("idb-keyval", async () => import("./keyval"));

afterEach(() => {
  cleanup();
  localStorage.clear();
});
