/**
 * The session of this browser.
 *
 * The access token lives in memory only. The refresh token is an HttpOnly cookie that no script
 * sees. One tab refreshes for all: a Web Lock makes sure that two tabs never use the same refresh
 * token, and a BroadcastChannel passes the new access token on to the others.
 */

import { newIdempotencyKey } from "./idempotency";
import { Problem, Unreachable, problemOf } from "./problem";
import type { components } from "./schema";

export type User = components["schemas"]["User"];

export type SessionState = { status: "signed-out" } | { status: "signed-in"; userId: string };

/** An access token and when it ends, in milliseconds since 1970. */
interface Access {
  token: string;
  expiresAt: number;
}

type SignedIn = components["schemas"]["CookieSignedIn"];
type AccessToken = components["schemas"]["AccessToken"];

type TabMessage =
  | { type: "access-wanted" }
  | { type: "access"; access: Access; userId: string }
  | { type: "signed-out" };

const COOKIE_SESSIONS = "/v2/cookie-sessions";
const LOCK = "roost-session";
const CHANNEL = "roost-session";
/** Who was signed in at last. A stranger's start makes no request. */
const USER_ITEM = "roost.user";
/** A token is replaced this long before it ends. */
const EARLY_MS = 60_000;
/** How long another tab may take to pass its access token on. */
const OTHER_TABS_MS = 150;
/** These reasons of a refused refresh end the session. All others leave it. */
const ENDED = new Set([
  "TOKEN_MISSING",
  "REFRESH_TOKEN_INVALID",
  "REFRESH_TOKEN_REUSED",
  "SESSION_REVOKED",
]);

export class Session {
  #state: SessionState;
  #access: Access | undefined;
  /** The token that the server refused at last: another tab may still have it. */
  #refused: string | undefined;
  #refreshing: Promise<string> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #channel = new BroadcastChannel(CHANNEL);

  constructor() {
    const userId = localStorage.getItem(USER_ITEM);
    this.#state = userId ? { status: "signed-in", userId } : { status: "signed-out" };
    this.#channel.onmessage = (event: MessageEvent<TabMessage>) => this.#hear(event.data);
  }

  get state(): SessionState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /**
   * A valid access token, or undefined for a stranger.
   *
   * Throws `Unreachable` or a temporary `Problem` when a new token is needed and cannot be had now.
   */
  async accessToken(): Promise<string | undefined> {
    if (this.#state.status !== "signed-in") return undefined;
    if (this.#access && this.#isUsable(this.#access)) return this.#access.token;
    try {
      return await this.#refresh();
    } catch (error) {
      if (error instanceof Problem && ENDED.has(error.reason)) {
        this.#end();
        this.#say({ type: "signed-out" });
        return undefined;
      }
      throw error;
    }
  }

  /** Forgets an access token that the server refused, so that the next request gets a new one. */
  discard(token: string): void {
    this.#refused = token;
    if (this.#access?.token === token) this.#access = undefined;
  }

  async signIn(handle: string, password: string): Promise<User> {
    const body = { handle, password, device_name: deviceName() };
    return this.#begin(await post<SignedIn>(COOKIE_SESSIONS, body));
  }

  /** Signing up again with the same key after no answer came gives the account of the first time. */
  async signUp(handle: string, password: string, displayName: string, key: string): Promise<User> {
    const body = {
      handle,
      password,
      device_name: deviceName(),
      ...(displayName ? { display_name: displayName } : {}),
    };
    return this.#begin(await post<SignedIn>(`${COOKIE_SESSIONS}/users`, body, key));
  }

  /** Ends this session, or with `everywhere` each session of the user. */
  async signOut({ everywhere = false } = {}): Promise<void> {
    const token = await this.accessToken();
    if (token) {
      const path = everywhere ? COOKIE_SESSIONS : `${COOKIE_SESSIONS}/current`;
      await send(path, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
    }
    this.#end();
    this.#say({ type: "signed-out" });
  }

  /** Ends this session after its account was deleted. It ends here, whatever the server answers. */
  async endWithAccount(): Promise<void> {
    try {
      await this.signOut();
    } catch {
      this.#end();
      this.#say({ type: "signed-out" });
    }
  }

  async #refresh(): Promise<string> {
    // Several requests at once wait for one refresh.
    this.#refreshing ??= this.#refreshAlone().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshAlone(): Promise<string> {
    return navigator.locks.request(LOCK, async () => {
      const other = await this.#accessOfAnotherTab();
      if (other) return other.token;
      const answer = await post<AccessToken>(`${COOKIE_SESSIONS}/refresh`);
      this.#access = accessOf(answer);
      this.#announce();
      return this.#access.token;
    });
  }

  /** The access token that another tab has, if there is one. */
  #accessOfAnotherTab(): Promise<Access | undefined> {
    return new Promise((resolve) => {
      const channel = new BroadcastChannel(CHANNEL);
      const done = (access: Access | undefined) => {
        clearTimeout(timer);
        channel.close();
        if (access) this.#access = access;
        resolve(access);
      };
      const timer = setTimeout(() => done(undefined), OTHER_TABS_MS);
      channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
        if (data.type !== "access" || !this.#isMine(data.userId)) return;
        if (this.#isUsable(data.access)) done(data.access);
      };
      channel.postMessage({ type: "access-wanted" } satisfies TabMessage);
    });
  }

  #hear(message: TabMessage): void {
    switch (message.type) {
      case "access-wanted":
        if (this.#access && this.#isUsable(this.#access)) this.#announce();
        break;
      case "access":
        // Another tab signed in or refreshed.
        this.#access = message.access;
        if (!this.#isMine(message.userId)) {
          this.#set({ status: "signed-in", userId: message.userId });
        }
        break;
      case "signed-out":
        if (this.#state.status !== "signed-out") this.#end();
        break;
    }
  }

  #isUsable({ token, expiresAt }: Access): boolean {
    return token !== this.#refused && expiresAt - EARLY_MS > Date.now();
  }

  #isMine(userId: string): boolean {
    return this.#state.status === "signed-in" && this.#state.userId === userId;
  }

  #begin(answer: SignedIn): User {
    this.#access = accessOf(answer);
    localStorage.setItem(USER_ITEM, answer.user.id);
    this.#set({ status: "signed-in", userId: answer.user.id });
    this.#announce();
    return answer.user;
  }

  #end(): void {
    this.#access = undefined;
    localStorage.removeItem(USER_ITEM);
    this.#set({ status: "signed-out" });
  }

  #announce(): void {
    if (this.#access && this.#state.status === "signed-in") {
      this.#say({ type: "access", access: this.#access, userId: this.#state.userId });
    }
  }

  #say(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function accessOf(answer: Pick<AccessToken, "access_token" | "access_expires_at">): Access {
  return { token: answer.access_token, expiresAt: Date.parse(answer.access_expires_at) };
}

async function post<Answer>(path: string, body?: unknown, key = newIdempotencyKey()): Promise<Answer> {
  const init: RequestInit & { headers: Record<string, string> } = { method: "POST", headers: {} };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["content-type"] = "application/json";
    init.headers["idempotency-key"] = key;
  }
  const response = await send(path, init);
  return (await response.json()) as Answer;
}

async function send(
  path: string,
  init: RequestInit & { headers: Record<string, string> },
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...init.headers, "x-csrf": "1" } });
  } catch (cause) {
    throw new Unreachable("The session could not be reached.", { cause });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** The name of this device in the list of sessions. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Firefox\//.test(agent)
    ? "Firefox"
    : /Edg\//.test(agent)
      ? "Edge"
      : /Chrome\//.test(agent)
        ? "Chrome"
        : /Safari\//.test(agent)
          ? "Safari"
          : "Browser";
  const system = /Android/.test(agent)
    ? "Android"
    : /iPhone|iPad/.test(agent)
      ? "iOS"
      : /Windows/.test(agent)
        ? "Windows"
        : /Mac OS X/.test(agent)
          ? "macOS"
          : /Linux/.test(agent)
            ? "Linux"
            : "";
  return system ? `${browser}, ${system}` : browser;
}

export const session = new Session();
