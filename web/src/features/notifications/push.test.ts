import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { session } from "../../api/session";
import { type PushWords, readDevice, writeDevice } from "../../sw/device";
import { ada } from "../../test/examples";
import { answers, problem } from "../../test/server";
import { subscribePush } from "./actions";
import { followPushUser, pushState, renewDevice, sameKey, unsubscribeDevice } from "./push";

const server = answers();
const words: PushWords = { language: "en", titles: {} };
const KEY = "AQID";

/** A push manager as browsers have it, with its one subscription. */
class FakeManager {
  subscription: PushSubscription | null = null;
  fails = false;
  count = 0;
  getSubscription = async () => this.subscription;
  subscribe = async ({ applicationServerKey }: { applicationServerKey: string }) => {
    if (this.fails) throw new DOMException("no push service", "AbortError");
    this.count += 1;
    const endpoint = `https://push.example/${this.count}`;
    const bytes = Uint8Array.from(atob(applicationServerKey), (character) => character.charCodeAt(0));
    this.subscription = {
      endpoint,
      options: { applicationServerKey: bytes.buffer, userVisibleOnly: true },
      toJSON: () => ({ endpoint, keys: { p256dh: "p", auth: "a" } }),
      unsubscribe: async () => {
        this.subscription = null;
        return true;
      },
    } as unknown as PushSubscription;
    return this.subscription;
  };
}
let manager: FakeManager;
const registered = () => server.sent.filter(({ path, method }) => method === "POST" && path === "/v2/push/subscriptions");

beforeEach(async () => {
  manager = new FakeManager();
  const registration = { pushManager: manager };
  vi.stubGlobal("PushManager", FakeManager);
  vi.stubGlobal("Notification", { permission: "granted" });
  Object.defineProperty(navigator, "serviceWorker", {
    configurable: true,
    value: { ready: Promise.resolve(registration), getRegistration: async () => registration },
  });
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/push/key", { public_key: KEY });
  server.on("POST /v2/push/subscriptions", { id: "7", endpoint: "", created_at: "", expires_at: "" });
  server.on("DELETE /v2/push/subscriptions/7", () => new Response(null, { status: 204 }));
  await session.signIn("ada", "a long pass phrase");
});
afterEach(async () => {
  await followPushUser(null);
  Reflect.deleteProperty(navigator, "serviceWorker");
});

it("registers the subscription of the browser", async () => {
  expect(await pushState()).toBe("off");
  await subscribePush.run({ words });
  expect(registered()[0]?.body).toEqual({
    endpoint: "https://push.example/1",
    keys: { p256dh: "p", auth: "a" },
    expirationTime: null,
  });
  expect(await pushState()).toBe("on");
});

it("says that the user has blocked notifications", async () => {
  vi.stubGlobal("Notification", { permission: "denied" });
  expect(await pushState()).toBe("denied");
});

it("is off where the server refuses the device", async () => {
  server.on("POST /v2/push/subscriptions", () => problem(409, "TOO_MANY_PUSH_SUBSCRIPTIONS"));
  await expect(subscribePush.run({ words })).rejects.toMatchObject({ reason: "TOO_MANY_PUSH_SUBSCRIPTIONS" });
  expect(await pushState()).toBe("off");
});

it("says that the push service cannot be reached", async () => {
  manager.fails = true;
  await expect(subscribePush.run({ words })).rejects.toMatchObject({ reason: "PUSH_SERVICE_UNREACHABLE" });
});

it("gives up on a push service that does not answer", async () => {
  manager.subscribe = () => new Promise(() => undefined);
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const subscribing = expect(subscribePush.run({ words })).rejects.toMatchObject({ reason: "PUSH_SERVICE_UNREACHABLE" });
    await vi.advanceTimersByTimeAsync(21_000);
    await subscribing;
  } finally {
    vi.useRealTimers();
  }
});

it("subscribes again with another key of the server", async () => {
  await subscribePush.run({ words });
  server.on("GET /v2/push/key", { public_key: "BAUG" });
  await renewDevice(words, { now: true });
  expect(registered().map(({ body }) => (body as { endpoint: string }).endpoint)).toEqual([
    "https://push.example/1",
    "https://push.example/2",
  ]);
  expect((await readDevice())?.publicKey).toBe("BAUG");
});

it("registers again where the browser changed the subscription", async () => {
  await subscribePush.run({ words });
  await manager.subscribe({ applicationServerKey: KEY });
  await renewDevice(words);
  expect(registered()).toHaveLength(2);
});

it("sends nothing at a start where nothing is due, and keeps the language", async () => {
  await subscribePush.run({ words });
  await renewDevice({ ...words, language: "de" });
  expect(registered()).toHaveLength(1);
  expect((await readDevice())?.words.language).toBe("de");
});

it("registers again after a day", async () => {
  await subscribePush.run({ words });
  const device = await readDevice();
  if (device) await writeDevice({ ...device, renewedAt: Date.now() - 25 * 60 * 60 * 1000 });
  await renewDevice(words);
  expect(registered()).toHaveLength(2);
});

it("ends the subscription when it is turned off, also where the server forgot it before", async () => {
  await subscribePush.run({ words });
  server.on("DELETE /v2/push/subscriptions/7", () => problem(404, "PUSH_SUBSCRIPTION_NOT_FOUND"));
  await unsubscribeDevice("key");
  expect(await pushState()).toBe("off");
  expect(manager.subscription).toBeNull();
});

it("keeps the subscription where turning it off fails", async () => {
  await subscribePush.run({ words });
  server.on("DELETE /v2/push/subscriptions/7", () => problem(503, "DEPENDENCY_UNAVAILABLE"));
  await expect(unsubscribeDevice("key")).rejects.toMatchObject({ reason: "DEPENDENCY_UNAVAILABLE" });
  expect(await pushState()).toBe("on");
});

it("ends the subscription of who signs out, and of another user", async () => {
  await subscribePush.run({ words });
  await followPushUser(ada.id);
  expect(manager.subscription).not.toBeNull();
  await followPushUser("2");
  expect(manager.subscription).toBeNull();
  expect(await readDevice()).toBeUndefined();
});

it("compares keys as the server writes them", () => {
  expect(sameKey(new Uint8Array([1, 2, 3]).buffer, KEY)).toBe(true);
  expect(sameKey(new Uint8Array([251, 255]).buffer, "-_8")).toBe(true);
  expect(sameKey(null, KEY)).toBe(false);
});
