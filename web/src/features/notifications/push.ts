/**
 * This browser as a device that notifications are pushed to.
 *
 * A subscription belongs to a user: who signs out ends it. The worker shows what is pushed, by what
 * `sw/device` keeps for it.
 */

import { api, unwrap } from "../../api/client";
import { newIdempotencyKey } from "../../api/idempotency";
import { Problem } from "../../api/problem";
import { session } from "../../api/session";
import { type Device, type PushWords, forgetDevice, readDevice, writeDevice } from "../../sw/device";

export type PushState =
  /** The browser cannot do it, or only once the client is installed. */
  | "unsupported"
  /** The user does not allow notifications. Only the settings of the browser change that. */
  | "denied"
  | "off"
  | "on";

/** The user did not allow notifications when the browser asked. */
export class PushDenied extends Error {
  override readonly name = "PushDenied";
}

/** A device is registered again after this time, so that the server does not forget it. */
const RENEW_AFTER_MS = 24 * 60 * 60 * 1000;

const SUBSCRIBE_MS = 20_000;

// What the interface shows follows each change, also one by signing out.
const listeners = new Set<() => void>();

export function onPushChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function notify(): void {
  for (const listener of listeners) listener();
}

function supported(): boolean {
  return "serviceWorker" in navigator && "PushManager" in globalThis && "Notification" in globalThis;
}

export async function pushState(): Promise<PushState> {
  if (!supported()) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration) return "unsupported";
  const [device, subscription] = await Promise.all([readDevice(), registration.pushManager.getSubscription()]);
  return device && subscription && isMine(device) && Notification.permission === "granted" ? "on" : "off";
}

/** Requests the permission. Browsers allow this only after a click. */
export async function askPermission(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new PushDenied("Notifications are not allowed.");
}

/** Subscribes this browser and registers it with the server. */
export async function subscribeDevice(words: PushWords, idempotencyKey: string): Promise<void> {
  const userId = myId();
  if (userId === undefined) return;
  const registration = await navigator.serviceWorker.ready;
  const { public_key: publicKey } = await unwrap(api.GET("/v2/push/key"));
  const subscription = await subscribed(registration, publicKey);
  const { endpoint, keys } = subscription.toJSON();
  const registered = await unwrap(
    api.POST("/v2/push/subscriptions", {
      params: { header: { "Idempotency-Key": idempotencyKey } },
      body: {
        endpoint: endpoint ?? subscription.endpoint,
        keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" },
        expirationTime: null,
      },
    }),
  );
  // Who signed out in between wants no notifications here.
  if (myId() !== userId) return endSubscription();
  await writeDevice({
    userId,
    subscriptionId: registered.id,
    endpoint: subscription.endpoint,
    publicKey,
    renewedAt: Date.now(),
    words,
  });
  notify();
}

/** The subscription with this key of the server; one with another key is replaced. */
async function subscribed(registration: ServiceWorkerRegistration, publicKey: string): Promise<PushSubscription> {
  const before = await registration.pushManager.getSubscription();
  if (before && sameKey(before.options.applicationServerKey, publicKey)) return before;
  try {
    await before?.unsubscribe();
    return await inTime(
      registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }),
    );
  } catch (cause) {
    throw Object.assign(
      new Problem({
        type: "about:blank",
        title: "Push service unreachable",
        status: 503,
        detail: "The push service of the browser could not be reached.",
        reason: "PUSH_SERVICE_UNREACHABLE",
      }),
      { cause },
    );
  }
}

/** Browsers whose push service is blocked neither subscribe nor fail. */
function inTime<Result>(subscribing: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The push service did not answer.")), SUBSCRIBE_MS);
    subscribing.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Ends the notifications of this browser. The server forgets it. */
export async function unsubscribeDevice(idempotencyKey: string): Promise<void> {
  const device = await readDevice();
  if (device && isMine(device)) {
    const { response } = await api.DELETE("/v2/push/subscriptions/{subscription_id}", {
      params: {
        path: { subscription_id: device.subscriptionId },
        header: { "Idempotency-Key": idempotencyKey },
      },
    });
    // One that the server forgot before is as it should be.
    if (!response.ok && response.status !== 404) await unwrap(Promise.resolve({ response }));
  }
  await endSubscription();
}

/**
 * Keeps the subscription of the user who is signed in, and ends that of anybody else.
 *
 * Called at the start and with each change of the session. The server forgets a device with its
 * session, so nothing is sent.
 */
export async function followPushUser(userId: string | null): Promise<void> {
  const device = await readDevice();
  if (device && device.userId !== userId) await endSubscription();
}

/** Registers the device again where that is due, and keeps the words of the worker current. */
export async function renewDevice(words: PushWords, { now = false } = {}): Promise<void> {
  const device = await readDevice();
  if (!device || !isMine(device) || !supported() || Notification.permission !== "granted") return;
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration) return;
  const subscription = await registration.pushManager.getSubscription();
  const due =
    now || subscription?.endpoint !== device.endpoint || device.renewedAt + RENEW_AFTER_MS < Date.now();
  if (due) await subscribeDevice(words, newIdempotencyKey());
  else if (device.words.language !== words.language) await writeDevice({ ...device, words });
}

async function endSubscription(): Promise<void> {
  await forgetDevice();
  if (supported()) {
    const registration = await navigator.serviceWorker.getRegistration();
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  }
  notify();
}

function isMine(device: Device): boolean {
  return device.userId === myId();
}

function myId(): string | undefined {
  return session.state.status === "signed-in" ? session.state.userId : undefined;
}

/** Whether a subscription has the key that the server writes in base64url. */
export function sameKey(key: ArrayBuffer | null, publicKey: string): boolean {
  if (!key) return false;
  const written = btoa(String.fromCharCode(...new Uint8Array(key)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  return written === publicKey;
}
