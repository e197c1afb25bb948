/**
 * This browser as the service worker has it: a device that notifications are pushed to.
 *
 * The page writes it while somebody is signed in who wants notifications, and removes it when they
 * sign out. The worker reads it: without it nothing is shown.
 */

import type { MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import { del, get, set } from "idb-keyval";

import { pushStore } from "../offline/store";

export interface PushWords {
  language: string;
  /** Parsed messages of titles by the kind of the notification: `{name}`, and a plural of `{others}`. */
  titles: Readonly<Record<string, readonly MessageFormatElement[]>>;
}

export interface Device {
  userId: string;
  /** The server's id of the subscription. */
  subscriptionId: string;
  endpoint: string;
  /** The key that it was subscribed with, as the server writes it. */
  publicKey: string;
  /** When it was registered at last, in milliseconds since 1970. */
  renewedAt: number;
  words: PushWords;
}

const KEY = "device";

export function readDevice(): Promise<Device | undefined> {
  return get<Device>(KEY, pushStore);
}

export function writeDevice(device: Device): Promise<void> {
  return set(KEY, device, pushStore);
}

export function forgetDevice(): Promise<void> {
  return del(KEY, pushStore);
}

/** What the worker says to open pages. */
export type WorkerMessage =
  /** A notification was clicked: the page shows this address. */
  | { type: "OPEN"; path: string }
  /** The subscription changed: the page registers it again. */
  | { type: "RENEW_PUSH" };
