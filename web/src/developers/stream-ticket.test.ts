import { beforeEach, expect, it } from "vitest";

import { answers, problem } from "../test/server";
import { chooseAccess } from "./access";
import { streamTicket } from "./stream-ticket";

const server = answers();

beforeEach(() => chooseAccess({ as: "token", token: "pasted" }));

it("gets a ticket with the chosen token", async () => {
  server.on("POST /v2/stream/tickets", { ticket: "t1", expires_in: 30 });
  expect(await streamTicket()).toBe("t1");
  expect(server.sent[0]?.headers.get("authorization")).toBe("Bearer pasted");
});

it("says why there is no ticket", async () => {
  server.on("POST /v2/stream/tickets", () => problem(401, "TOKEN_MISSING", "Sign in."));
  await expect(streamTicket()).rejects.toThrow("TOKEN_MISSING. Sign in.");
});
