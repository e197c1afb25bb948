/** The typed client of the REST API, version 2. */

import createClient from "openapi-fetch";

import { Problem, Unreachable, problemOf } from "./problem";
import type { components, paths } from "./schema";
import { session } from "./session";

export type Schemas = components["schemas"];
export type Post = Schemas["Post"];
export type Matches = Schemas["Matches"];
export type Medium = Schemas["Medium"];
export type Relationship = Schemas["Relationship"];
export type TimelineItem = Schemas["TimelineItem"];
export type Segment = Post["content"][number];
export type { User } from "./session";

/** Sends with the access token; gets a new one and repeats once where the server refuses it. */
async function authorizedFetch(request: Request): Promise<Response> {
  const repetition = request.clone();
  const token = await session.accessToken();
  const response = await sendWith(request, token);
  if (response.status !== 401 || token === undefined || (await isWrongPassword(response))) return response;
  session.discard(token);
  return sendWith(repetition, await session.accessToken());
}

/** Whether a password in the body was refused, and not the token: a repetition would count as an attempt. */
async function isWrongPassword(response: Response): Promise<boolean> {
  return (await problemOf(response.clone())).reason === "CREDENTIALS_WRONG";
}

async function sendWith(request: Request, token: string | undefined): Promise<Response> {
  if (token) request.headers.set("authorization", `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new Unreachable("The server could not be reached.", { cause });
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorizedFetch });

/** The body of a response that succeeded. Throws a `Problem` or `Unreachable` otherwise. */
export async function unwrap<Data>(
  sent: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await sent;
  if (response.ok) return data as Data;
  throw error && typeof error === "object" && "reason" in error
    ? new Problem(error as Schemas["Problem"], Number(response.headers.get("retry-after")) || undefined)
    : await problemOf(response);
}
