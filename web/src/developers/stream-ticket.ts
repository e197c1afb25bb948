/** The ticket that lets one WebSocket connection in. */

import { send } from "./access";

/** Throws an Error with the reason of the refusal, such as TOKEN_MISSING for a stranger. */
export async function streamTicket(): Promise<string> {
  const response = await send("/v2/stream/tickets", {
    method: "POST",
    headers: { accept: "application/json" },
  });
  const answer = (await response.json()) as { ticket?: string; reason?: string; detail?: string };
  if (!response.ok || !answer.ticket) {
    throw new Error(`No ticket for the subscription: ${answer.reason ?? response.status}. ${answer.detail ?? ""}`.trim());
  }
  return answer.ticket;
}
