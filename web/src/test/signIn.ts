import { session } from "../api/session";
import type { Answers } from "./server";
import { ada } from "./examples";

/** Signs Ada in, for tests of what only users can do. */
export async function signInAsAda(server: Answers): Promise<void> {
  server.on("POST /v2/cookie-sessions", () =>
    Response.json({
      user: ada,
      access_token: "token",
      access_expires_at: new Date(Date.now() + 900_000).toISOString(),
    }),
  );
  await session.signIn("ada", "a long pass phrase");
}
