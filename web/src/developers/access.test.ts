import { beforeEach, expect, it } from "vitest";

import { session } from "../api/session";
import { ada } from "../test/examples";
import { answers, problem } from "../test/server";
import { accessToken, chooseAccess, send } from "./access";

const server = answers();
const authorizations = () => server.sent.filter(({ path }) => path === "/v2/users/me").map(({ headers }) => headers.get("authorization"));

beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "of the session",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  await session.signIn("ada", "a long pass phrase");
});

it("sends the token of the session of this browser", async () => {
  chooseAccess({ as: "session" });
  await send("/v2/users/me");
  expect(authorizations()).toEqual(["Bearer of the session"]);
});

it("sends no token as a stranger, even where somebody is signed in", async () => {
  chooseAccess({ as: "stranger" });
  await send("/v2/users/me");
  expect(authorizations()).toEqual([null]);
});

it("sends a token that was pasted, without spaces around it", async () => {
  chooseAccess({ as: "token", token: " pasted\n" });
  await send("/v2/users/me");
  expect(authorizations()).toEqual(["Bearer pasted"]);
});

it("sends none while the field for a token is empty", async () => {
  chooseAccess({ as: "token", token: "  " });
  expect(await accessToken()).toBeUndefined();
});

it("leaves a header of the request alone", async () => {
  chooseAccess({ as: "session" });
  await send("/v2/users/me", { headers: { Authorization: "Bearer written by hand" } });
  expect(authorizations()).toEqual(["Bearer written by hand"]);
});

it("gets a new token for the next request where the server refused the one of the session", async () => {
  chooseAccess({ as: "session" });
  server.on("GET /v2/users/me", () => problem(401, "TOKEN_EXPIRED"));
  await send("/v2/users/me");
  server.on("POST /v2/cookie-sessions/refresh", {
    access_token: "newer",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  expect(await accessToken()).toBe("newer");
});

it("keeps a pasted token out of the storage", () => {
  chooseAccess({ as: "token", token: "pasted" });
  expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("pasted");
});
