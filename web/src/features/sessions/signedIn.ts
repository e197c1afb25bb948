import { redirect } from "@tanstack/react-router";

import { session } from "../../api/session";

/** The `beforeLoad` of pages for users: a stranger is led to sign in, and comes back. */
export function signedInOnly({ location }: { location: { href: string } }): void {
  if (session.state.status === "signed-in") return;
  throw redirect({ to: "/sign-in", search: { to: location.href } });
}
