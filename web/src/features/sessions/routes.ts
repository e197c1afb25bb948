import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { rootRoute } from "../../app/root";

/** Where to go after signing in. */
interface SignInSearch {
  to?: string;
}

const validateSearch = (search: Record<string, unknown>): SignInSearch =>
  // Only a path of this client: `//host` would be another site.
  typeof search["to"] === "string" && /^\/(?!\/)/.test(search["to"]) ? { to: search["to"] } : {};

export const sessionRoutes = [
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sign-in",
    validateSearch,
    component: lazyRouteComponent(() => import("./SignInPage"), "SignInPage"),
  }),
  createRoute({
    getParentRoute: () => rootRoute,
    path: "/sign-up",
    validateSearch,
    component: lazyRouteComponent(() => import("./SignUpPage"), "SignUpPage"),
  }),
] as const;
