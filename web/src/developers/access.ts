/** With which access token the developers' pages send requests. It stays in memory. */

import { session } from "../api/session";

/** As the user who is signed in here, as a stranger, or with a token that was pasted. */
export type Access = { as: "session" } | { as: "stranger" } | { as: "token"; token: string };

let chosen: Access = session.state.status === "signed-in" ? { as: "session" } : { as: "stranger" };
const listeners = new Set<() => void>();

export function chosenAccess(): Access {
  return chosen;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function chooseAccess(access: Access): void {
  chosen = access;
  for (const listener of listeners) listener();
}

/** The token of the choice; undefined for a stranger. Throws as `session.accessToken` does. */
export async function accessToken(): Promise<string | undefined> {
  switch (chosen.as) {
    case "session":
      return session.accessToken();
    case "token":
      return chosen.token.trim() || undefined;
    case "stranger":
      return undefined;
  }
}

/** Makes the next request get a new token where the server refused the one of the session. */
export function refused(token: string): void {
  if (chosen.as === "session") session.discard(token);
}

/** `fetch` with the token of the choice, unless the headers already have one. */
export async function send(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = headers.has("authorization") ? undefined : await accessToken();
  if (token) headers.set("authorization", `Bearer ${token}`);
  const response = await fetch(input, { ...init, headers });
  if (response.status === 401 && token) refused(token);
  return response;
}
