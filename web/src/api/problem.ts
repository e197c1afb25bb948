/** What can go wrong with a request: a problem of the server (RFC 9457), or no answer at all. */

import type { components } from "./schema";

type ProblemBody = components["schemas"]["Problem"];

/** The server refused a request. `reason` is a part of the contract. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly components["schemas"]["ProblemViolation"][];
  readonly traceId: string | undefined;
  /** Seconds after which a repetition makes sense. */
  readonly retryAfter: number | undefined;

  constructor(body: ProblemBody, retryAfter?: number) {
    super(body.detail);
    this.status = body.status;
    this.reason = body.reason;
    this.metadata = body.metadata ?? {};
    this.violations = body.violations ?? [];
    this.traceId = body.trace_id;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request can succeed later. */
  get temporary(): boolean {
    return this.status === 429 || this.status >= 500 || this.reason === "IDEMPOTENCY_KEY_IN_FLIGHT";
  }
}

/** No answer came: the device is offline, or the server cannot be reached. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** Whether the request may not have reached the server, or was refused for the moment only. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && error.temporary);
}

/** The problem in a response that is not a success. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = undefined;
  }
  if (isProblemBody(body)) return new Problem(body, retryAfter);
  return new Problem(
    {
      type: "about:blank",
      title: response.statusText,
      status: response.status,
      detail: response.statusText,
      reason: response.status >= 500 ? "DEPENDENCY_UNAVAILABLE" : "UNKNOWN",
    },
    retryAfter,
  );
}

function isProblemBody(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "reason" in body && "status" in body;
}
