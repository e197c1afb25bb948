import { beforeEach } from "vitest";

import { session } from "../api/session";
import { ada } from "./examples";
import type { Answers } from "./server";

/** Signs in before each test of a file. */
export function signedIn(server: Answers): void {
  beforeEach(async () => {
    server.on("POST /v2/cookie-sessions", {
      user: ada,
      access_token: "token",
      access_expires_at: new Date(Date.now() + 900_000).toISOString(),
    });
    server.on("GET /v2/users/me", ada);
    await session.signIn("ada", "a long pass phrase");
  });
}
