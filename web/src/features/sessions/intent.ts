/**
 * What a stranger wanted to do. The tab keeps it while they sign in, and it is done afterwards.
 *
 * It is kept in the tab and not in the address, so that no link of another site can make a user act.
 */

import type { ComposeFor } from "../compose/ComposerProvider";

export type Intent =
  | { kind: "action"; name: string; input: unknown }
  | { kind: "compose"; target: ComposeFor };

interface KeptIntent {
  intent: Intent;
  /** The address at which it is done. */
  to: string;
  at: number;
}

const ITEM = "roost.intent";
/** Signing up takes some minutes. A user who comes back later no longer expects it. */
const KEPT_MS = 30 * 60_000;

export function keepIntent(intent: Intent, to: string): void {
  sessionStorage.setItem(ITEM, JSON.stringify({ intent, to, at: Date.now() } satisfies KeptIntent));
}

/** The intent for this address, once. One for another address is dropped. */
export function takeIntent(address: string): Intent | undefined {
  const item = sessionStorage.getItem(ITEM);
  if (item === null) return undefined;
  sessionStorage.removeItem(ITEM);
  const kept = JSON.parse(item) as KeptIntent;
  return kept.to === address && Date.now() - kept.at < KEPT_MS ? kept.intent : undefined;
}
