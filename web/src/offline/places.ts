/** Where a reader was in a list, kept in the browser, so that reopening it gives the same place. */

import { session } from "../api/session";

export interface Place {
  /** The first entry that was visible, by its key. */
  key: string;
  /** The distance of its upper edge from that of the window, in pixels. */
  offset: number;
  /** The heights of the entries down to it and a little below, in their order. */
  sizes: readonly (readonly [key: string, size: number])[];
}

const PREFIX = "roost.place.";

function item(name: string): string {
  return `${PREFIX}${session.state.status === "signed-in" ? session.state.userId : ""}.${name}`;
}

export function keptPlace(name: string): Place | undefined {
  const stored = localStorage.getItem(item(name));
  return stored ? (JSON.parse(stored) as Place) : undefined;
}

/** Keeps a place; undefined is the beginning of the list. */
export function keepPlace(name: string, place: Place | undefined): void {
  try {
    if (place) localStorage.setItem(item(name), JSON.stringify(place));
    else localStorage.removeItem(item(name));
  } catch {
    // A full disk only means that the list opens at its beginning.
  }
}

/** Removes all places: after signing out. */
export function forgetPlaces(): void {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(PREFIX)) localStorage.removeItem(name);
  }
}
