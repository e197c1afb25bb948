/**
 * The registry of keyboard shortcuts. A feature registers its own while its page is shown, and the
 * help sheet lists what is there.
 */

import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

import type { MessageId } from "../i18n/messages";

export interface Shortcut {
  /** One key as `KeyboardEvent.key` names it, or two after each other: `j`, `?`, `g h`. */
  keys: string;
  /** What it does, for the help sheet. */
  label: MessageId;
  run: () => void;
}

/** The second key of a sequence must come within this time. */
const SEQUENCE_MS = 1000;

let shortcuts: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
let firstKey: string | undefined;
let firstKeyAt = 0;

function register(added: readonly Shortcut[]): () => void {
  shortcuts = [...shortcuts, ...added];
  notify();
  return () => {
    shortcuts = shortcuts.filter((shortcut) => !added.includes(shortcut));
    notify();
  };
}

function notify(): void {
  for (const listener of listeners) listener();
}

/** Handles a key. The shortcut that was registered last wins. */
export function handleKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (takesText(event.target) || document.querySelector("dialog[open]")) return;
  const sequence =
    firstKey !== undefined && event.timeStamp - firstKeyAt < SEQUENCE_MS ? `${firstKey} ${event.key}` : undefined;
  firstKey = undefined;
  const found =
    shortcuts.findLast((shortcut) => shortcut.keys === sequence) ??
    shortcuts.findLast((shortcut) => shortcut.keys === event.key);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (shortcuts.some((shortcut) => shortcut.keys.startsWith(`${event.key} `))) {
    firstKey = event.key;
    firstKeyAt = event.timeStamp;
  }
}

/** Runs what a key does, for those who press a button. */
export function runShortcut(keys: string): void {
  shortcuts.findLast((shortcut) => shortcut.keys === keys)?.run();
}

function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Registers shortcuts while the component is there. The list may be made at each render. */
export function useShortcuts(wanted: readonly Shortcut[]): void {
  const run = useEffectEvent((keys: string) => wanted.find((shortcut) => shortcut.keys === keys)?.run());
  const signature = wanted.map((shortcut) => `${shortcut.keys}=${shortcut.label}`).join();
  useEffect(() => {
    const registered = signature
      .split(",")
      .filter(Boolean)
      .map((entry): Shortcut => {
        const at = entry.lastIndexOf("=");
        const keys = entry.slice(0, at);
        return { keys, label: entry.slice(at + 1) as MessageId, run: () => run(keys) };
      });
    return register(registered);
  }, [signature]);
}

/** All shortcuts that work now. */
export function useRegisteredShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shortcuts,
  );
}
