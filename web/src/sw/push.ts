/// <reference lib="webworker" />
/** Pushed notifications: shown in the language of the user, opened in a tab that is there. */

import { formatted } from "./words";
import { type Device, type PushWords, type WorkerMessage, readDevice } from "./device";

/** What the server pushes (services/delivery/README.md). */
export interface PushedNotification {
  type: "notification";
  id: string;
  kind: string;
  post_id: string | null;
  user_ids: string[];
  count: number;
  /** Absent in messages of an older server. */
  names?: string[];
  /** In English. */
  title: string;
}

/** The parts of a post that a notification shows. */
interface PublicPost {
  deleted: boolean;
  content: { text: string }[];
  author: { avatar: { state: string; variants: { url: string; content_type: string; width?: number | null }[] } | null } | null;
}

export interface ShownNotification {
  title: string;
  options: NotificationOptions & { data: { path: string } };
}

const ICON = "/icons/roost-192.png";
const ICON_WIDTH = 192;
const MAX_TEXT = 200;
/** A notification waits no longer than this for its text. */
const READ_POST_MS = 3000;
/** These kinds are about a post of the person who is named. */
const BY_NAMED: ReadonlySet<string> = new Set(["mention", "reply", "quote", "post"]);

/** The notification in a push message; undefined where it is none that this release can show. */
export function readPush(data: { json: () => unknown } | null): PushedNotification | undefined {
  let value: unknown;
  try {
    value = data?.json();
  } catch {
    return undefined;
  }
  const pushed = value as Partial<PushedNotification> | null | undefined;
  return pushed?.type === "notification" && typeof pushed.title === "string" && typeof pushed.kind === "string"
    ? (pushed as PushedNotification)
    : undefined;
}

/** The title in the language of the user; that of the server where a name or words are missing. */
export function titleOf({ kind, names, count, title }: PushedNotification, words: PushWords): string {
  const message = words.titles[kind];
  const name = names?.[0];
  if (!message || !name) return title;
  try {
    // A name may be written in the other direction than the sentence.
    return formatted(message, { name: `\u2068${name}\u2069`, others: count - 1 }, words.language);
  } catch {
    return title;
  }
}

/** What a click opens. */
export function pathOf({ post_id: postId }: PushedNotification): string {
  return postId ? `/posts/${postId}` : "/notifications";
}

/** The notification as the browser shows it. A later one of the same activity takes its place. */
export function shownNotification(
  pushed: PushedNotification,
  words: PushWords,
  post: PublicPost | undefined,
): ShownNotification {
  const text = post?.deleted === false ? post.content.map((segment) => segment.text).join("") : "";
  const short = [...text.replace(/\s+/g, " ").trim()];
  return {
    title: titleOf(pushed, words),
    options: {
      body: short.length > MAX_TEXT ? `${short.slice(0, MAX_TEXT - 1).join("")}…` : short.join(""),
      icon: (BY_NAMED.has(pushed.kind) && avatarOf(post)) || ICON,
      tag: pushed.post_id ? `${pushed.kind} ${pushed.post_id}` : pushed.kind,
      lang: words.language,
      dir: "auto",
      data: { path: pathOf(pushed) },
    },
  };
}

function avatarOf(post: PublicPost | undefined): string | undefined {
  const avatar = post?.author?.avatar;
  if (avatar?.state !== "ready") return undefined;
  const pictures = avatar.variants
    .filter((variant) => variant.content_type.startsWith("image/") && variant.width)
    .sort((one, other) => (one.width ?? 0) - (other.width ?? 0));
  return (pictures.find((variant) => (variant.width ?? 0) >= ICON_WIDTH) ?? pictures.at(-1))?.url;
}

/** A post as a stranger sees it: the worker has no access token. Undefined for all others. */
export async function readPublicPost(postId: string): Promise<PublicPost | undefined> {
  try {
    const response = await fetch(`/v2/posts/${postId}`, {
      credentials: "omit",
      signal: AbortSignal.timeout(READ_POST_MS),
    });
    return response.ok ? ((await response.json()) as PublicPost) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Shows a push message. Returns whether it did.
 *
 * Nothing is shown where nobody is signed in; the subscription ends then.
 */
export async function receivePush(
  data: { json: () => unknown } | null,
  registration: Pick<ServiceWorkerRegistration, "showNotification" | "pushManager">,
): Promise<boolean> {
  const device = await readDevice();
  if (!device) {
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return false;
  }
  const pushed = readPush(data);
  if (!pushed) return false;
  const post = pushed.post_id ? await readPublicPost(pushed.post_id) : undefined;
  // Somebody may have signed out while the post was read.
  if ((await readDevice())?.userId !== device.userId) return false;
  const { title, options } = shownNotification(pushed, device.words, post);
  await registration.showNotification(title, options);
  return true;
}

/** Opens what a notification is about: in a tab of the client that is there, else in a new one. */
export async function openNotification(
  path: string,
  clients: Pick<Clients, "matchAll" | "openWindow">,
): Promise<void> {
  const tabs = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const tab = tabs.find((each) => each.visibilityState === "visible") ?? tabs[0];
  if (!tab) {
    await clients.openWindow(path);
    return;
  }
  // The page is there already when the window comes to the front.
  tab.postMessage({ type: "OPEN", path } satisfies WorkerMessage);
  await tab.focus();
}

/**
 * Subscribes again after the browser ended a subscription.
 *
 * Only a page has an access token, so an open one registers it, or the next one that opens.
 */
export async function renewSubscription(
  before: Pick<PushSubscription, "options"> | null | undefined,
  registration: Pick<ServiceWorkerRegistration, "pushManager">,
  clients: Pick<Clients, "matchAll">,
): Promise<void> {
  const device: Device | undefined = await readDevice();
  if (!device) return;
  await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: before?.options.applicationServerKey ?? device.publicKey,
  });
  for (const tab of await clients.matchAll({ type: "window" })) {
    tab.postMessage({ type: "RENEW_PUSH" } satisfies WorkerMessage);
  }
}

/** Listens to the browser's push events. */
export function listenToPush(worker: ServiceWorkerGlobalScope): void {
  worker.addEventListener("push", (event) => {
    event.waitUntil(
      receivePush(event.data, worker.registration).then((shown) => {
        // A mark without a number: a page that opens counts.
        if (shown && "setAppBadge" in worker.navigator) worker.navigator.setAppBadge().catch(() => undefined);
      }),
    );
  });
  worker.addEventListener("notificationclick", (event) => {
    event.notification.close();
    const { path } = event.notification.data as { path: string };
    event.waitUntil(openNotification(path, worker.clients));
  });
  worker.addEventListener("pushsubscriptionchange", (event) => {
    const { oldSubscription } = event as PushSubscriptionChangeEvent;
    (event as PushSubscriptionChangeEvent).waitUntil(
      renewSubscription(oldSubscription, worker.registration, worker.clients),
    );
  });
}
