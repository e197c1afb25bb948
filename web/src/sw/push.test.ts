import { parse } from "@formatjs/icu-messageformat-parser";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { type Device, forgetDevice, writeDevice } from "./device";
import {
  type PushedNotification,
  openNotification,
  pathOf,
  readPush,
  receivePush,
  renewSubscription,
  shownNotification,
  titleOf,
} from "./push";

const pushed: PushedNotification = {
  type: "notification",
  id: "30",
  kind: "like",
  post_id: "10",
  user_ids: ["2", "3"],
  count: 3,
  names: ["Bob", "Carol"],
  title: "Bob and 2 others like your post",
};
const words = {
  language: "de",
  titles: {
    like: parse("{others, plural, =0 {{name} gefällt dein Post} one {{name} und einer weiteren Person gefällt dein Post} other {{name} und # weiteren gefällt dein Post}}"),
  },
};
const device: Device = {
  userId: "1",
  subscriptionId: "7",
  endpoint: "https://push.example/1",
  publicKey: "key",
  renewedAt: 0,
  words,
};
const data = (value: unknown) => ({ json: () => value });
const post = {
  deleted: false,
  content: [{ text: "Hello\n" }, { text: "#roost" }],
  author: { avatar: { state: "ready", variants: [{ url: "https://media.example/a", content_type: "image/webp", width: 256 }] } },
};

const showNotification = vi.fn(async () => undefined);
const unsubscribe = vi.fn(async () => true);
const subscribe = vi.fn(async () => ({}) as PushSubscription);
const registration = {
  showNotification,
  pushManager: { getSubscription: async () => ({ unsubscribe }), subscribe } as unknown as PushManager,
};
const real = globalThis.fetch;

beforeEach(async () => {
  vi.clearAllMocks();
  globalThis.fetch = vi.fn(async () => Response.json(post));
  await writeDevice(device);
});
afterEach(() => {
  globalThis.fetch = real;
});

it("writes the title in the language of the user", () => {
  expect(titleOf(pushed, words)).toBe("\u2068Bob\u2069 und 2 weiteren gefällt dein Post");
  expect(titleOf({ ...pushed, count: 2 }, words)).toBe("\u2068Bob\u2069 und einer weiteren Person gefällt dein Post");
  expect(titleOf({ ...pushed, count: 1 }, words)).toBe("\u2068Bob\u2069 gefällt dein Post");
});

it("writes every plural form", () => {
  const arabic = { language: "ar", titles: { like: parse("{others, plural, =0 {a} zero {z} one {b} two {c} few {d #} many {e} other {f}}") } };
  const title = (count: number) => titleOf({ ...pushed, count }, arabic);
  expect([1, 2, 3, 12, 101].map(title)).toEqual(["a", "b", "c", "e", "f"]);
  expect(title(4)).toMatch(/^d /);
});

it("shows the server's title where a name or words are missing", () => {
  expect(titleOf({ ...pushed, names: [] }, words)).toBe(pushed.title);
  expect(titleOf({ ...pushed, kind: "follow" }, words)).toBe(pushed.title);
  const older: PushedNotification = { ...pushed };
  delete older.names;
  expect(titleOf(older, words)).toBe(pushed.title);
});

it("has the text of the post, and the picture of its author where they are named", () => {
  expect(shownNotification(pushed, words, post).options).toMatchObject({
    body: "Hello #roost",
    icon: "/icons/roost-192.png",
    tag: "like 10",
    data: { path: "/posts/10" },
  });
  expect(shownNotification({ ...pushed, kind: "mention" }, words, post).options.icon).toBe("https://media.example/a");
  expect(shownNotification(pushed, words, { ...post, deleted: true }).options.body).toBe("");
});

it("cuts a long text between characters", () => {
  const long = { ...post, content: [{ text: "😀".repeat(300) }] };
  expect(shownNotification(pushed, words, long).options.body).toBe(`${"😀".repeat(199)}…`);
});

it("opens the post, or the notifications where there is none", () => {
  expect(pathOf(pushed)).toBe("/posts/10");
  expect(pathOf({ ...pushed, post_id: null })).toBe("/notifications");
});

it("takes no message that it does not know", () => {
  const none = [null, data({ type: "other" }), data(null), data("text")].map(readPush);
  expect(none).toEqual([undefined, undefined, undefined, undefined]);
  const broken = { json: () => JSON.parse("{") as unknown };
  expect(readPush(broken)).toBeUndefined();
});

it("shows a pushed notification", async () => {
  await receivePush(data(pushed), registration);
  expect(showNotification).toHaveBeenCalledWith(expect.stringContaining("Bob"), expect.objectContaining({ body: "Hello #roost" }));
  expect(globalThis.fetch).toHaveBeenCalledWith("/v2/posts/10", expect.objectContaining({ credentials: "omit" }));
});

it("shows it without its text where the post cannot be read", async () => {
  globalThis.fetch = vi.fn(async () => {
    throw new TypeError("offline");
  });
  await receivePush(data(pushed), registration);
  expect(showNotification).toHaveBeenCalledWith(expect.anything(), expect.objectContaining({ body: "" }));
});

it("shows nothing to who signed out, and ends the subscription", async () => {
  await forgetDevice();
  await receivePush(data(pushed), registration);
  expect(showNotification).not.toHaveBeenCalled();
  expect(unsubscribe).toHaveBeenCalled();
});

it("shows nothing to who signs out while the post is read", async () => {
  globalThis.fetch = vi.fn(async () => {
    await forgetDevice();
    return Response.json(post);
  });
  await receivePush(data(pushed), registration);
  expect(showNotification).not.toHaveBeenCalled();
});

const tab = (visibilityState: string) => ({ visibilityState, focus: vi.fn(async () => undefined), postMessage: vi.fn() });
const clientsOf = (...tabs: ReturnType<typeof tab>[]) => ({
  matchAll: async () => tabs as never,
  openWindow: vi.fn(async () => null),
});

it("focuses an open tab, the visible one first", async () => {
  const [hidden, visible] = [tab("hidden"), tab("visible")];
  const clients = clientsOf(hidden, visible);
  await openNotification("/posts/10", clients);
  expect(visible.focus).toHaveBeenCalled();
  expect(visible.postMessage).toHaveBeenCalledWith({ type: "OPEN", path: "/posts/10" });
  expect(hidden.focus).not.toHaveBeenCalled();
  expect(clients.openWindow).not.toHaveBeenCalled();
});

it("opens a tab where there is none", async () => {
  const clients = clientsOf();
  await openNotification("/posts/10", clients);
  expect(clients.openWindow).toHaveBeenCalledWith("/posts/10");
});

it("subscribes again and lets a page register it", async () => {
  const open = tab("visible");
  await renewSubscription(null, registration, clientsOf(open));
  expect(subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: "key" });
  expect(open.postMessage).toHaveBeenCalledWith({ type: "RENEW_PUSH" });
});

it("does not subscribe again for who signed out", async () => {
  await forgetDevice();
  await renewSubscription(null, registration, clientsOf());
  expect(subscribe).not.toHaveBeenCalled();
});
