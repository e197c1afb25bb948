/** Answers of the API in tests, by method and path. A request that no test expects fails. */

import { afterEach, beforeEach } from "vitest";

export interface SentRequest {
  method: string;
  path: string;
  search: URLSearchParams;
  headers: Headers;
  body: unknown;
}

/** A JSON body, or a function that makes the response. */
export type Answer = object | ((request: SentRequest) => Response | Promise<Response>);

/** What the tests of a file can set and look at. */
export interface Answers {
  /** By `GET /v2/users/me`. */
  on: (route: string, answer: Answer) => void;
  sent: SentRequest[];
}

/** Takes the place of `fetch` for each test of a file. */
export function answers(): Answers {
  const routes = new Map<string, Answer>();
  const sent: SentRequest[] = [];
  const real = globalThis.fetch;

  beforeEach(() => {
    routes.clear();
    sent.length = 0;
    globalThis.fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input instanceof Request ? input : new URL(String(input), location.origin), init);
      const url = new URL(request.url);
      const text = await request.text();
      const seen: SentRequest = {
        method: request.method,
        path: url.pathname,
        search: url.searchParams,
        headers: request.headers,
        body: bodyOf(request, text),
      };
      sent.push(seen);
      const answer = routes.get(`${seen.method} ${seen.path}`);
      if (!answer) throw new TypeError(`No test expects ${seen.method} ${seen.path}.`);
      return typeof answer === "function" ? answer(seen) : Response.json(answer);
    };
  });
  afterEach(() => {
    globalThis.fetch = real;
  });

  return { on: (route, answer) => routes.set(route, answer), sent };
}

/** JSON as an object, a form as the text that is sent. */
function bodyOf(request: Request, text: string): unknown {
  if (!text) return undefined;
  return request.headers.get("content-type")?.includes("json") === false ? text : JSON.parse(text);
}

/** A response that refuses, as the server writes it. */
export function problem(status: number, reason: string, detail = reason): Response {
  return Response.json(
    { type: `/problems/${reason}`, title: reason, status, reason, detail },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}
