import { beforeEach, expect, it } from "vitest";

import { ada } from "../test/examples";
import { answers, problem } from "../test/server";
import { api, unwrap } from "./client";
import { Unreachable } from "./problem";
import { Session, session } from "./session";

const server = answers();
const access = (token: string, seconds = 900) => ({
  access_token: token,
  access_expires_at: new Date(Date.now() + seconds * 1000).toISOString(),
});
const REFRESH = "POST /v2/cookie-sessions/refresh";
const refreshes = () => server.sent.filter(({ path }) => path.endsWith("/refresh"));

beforeEach(() => {
  server.on("POST /v2/cookie-sessions", { user: ada, ...access("first") });
});

it("makes no request for a stranger", async () => {
  expect(await new Session().accessToken()).toBeUndefined();
  expect(server.sent).toEqual([]);
});

it("sends the header against forged requests, and keeps no token in the storage", async () => {
  const mine = new Session();
  await mine.signIn("ada", "a long pass phrase");
  expect(server.sent[0]?.headers.get("x-csrf")).toBe("1");
  expect(JSON.stringify({ ...localStorage })).not.toContain("first");
});

it("refreshes once for requests that come together", async () => {
  localStorage.setItem("roost.user", ada.id);
  const mine = new Session();
  server.on(REFRESH, access("second"));
  expect(await Promise.all([mine.accessToken(), mine.accessToken(), mine.accessToken()])).toEqual([
    "second",
    "second",
    "second",
  ]);
  expect(refreshes()).toHaveLength(1);
});

it("takes the access token of another tab", async () => {
  const other = new Session();
  await other.signIn("ada", "a long pass phrase");
  const mine = new Session();
  expect(await mine.accessToken()).toBe("first");
  expect(refreshes()).toEqual([]);
});

it("ends with a dead refresh token, and stays where the server is only away", async () => {
  localStorage.setItem("roost.user", "77");
  const mine = new Session();
  server.on(REFRESH, () => problem(503, "DEPENDENCY_UNAVAILABLE"));
  await expect(mine.accessToken()).rejects.toMatchObject({ reason: "DEPENDENCY_UNAVAILABLE" });
  expect(mine.state.status).toBe("signed-in");

  server.on(REFRESH, () => problem(401, "SESSION_REVOKED"));
  expect(await mine.accessToken()).toBeUndefined();
  expect(mine.state.status).toBe("signed-out");
});

it("repeats a request with a new token where the edge refuses the old one", async () => {
  await session.signIn("ada", "a long pass phrase");
  server.on(REFRESH, access("second"));
  server.on("GET /v2/users/me", ({ headers }) =>
    headers.get("authorization") === "Bearer second" ? Response.json(ada) : problem(401, "TOKEN_EXPIRED"),
  );
  expect((await unwrap(api.GET("/v2/users/me"))).handle).toBe("ada");
});

it("tells a refusal from a server that cannot be reached", async () => {
  server.on("GET /v2/limits", () => problem(429, "RATE_LIMITED"));
  await expect(unwrap(api.GET("/v2/limits"))).rejects.toMatchObject({ reason: "RATE_LIMITED", temporary: true });
  await expect(unwrap(api.GET("/v2/trends"))).rejects.toBeInstanceOf(Unreachable);
});

it("does not repeat a request whose password was wrong", async () => {
  server.on("POST /v2/cookie-sessions", { user: ada, ...access("third") });
  await session.signIn("ada", "a long pass phrase");
  server.on("DELETE /v2/users/me", () => problem(401, "CREDENTIALS_WRONG"));
  await expect(unwrap(api.DELETE("/v2/users/me", { body: { password: "wrong" } }))).rejects.toMatchObject({
    reason: "CREDENTIALS_WRONG",
  });
  expect(server.sent.filter(({ method }) => method === "DELETE")).toHaveLength(1);
  expect(refreshes()).toEqual([]);
});
