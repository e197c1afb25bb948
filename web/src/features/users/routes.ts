import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const userRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/@{$handle}",
    component: lazyRouteComponent(() => import("./ProfilePage"), "ProfilePage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/@{$handle}/$tab",
    component: lazyRouteComponent(() => import("./ProfilePage"), "ProfilePage"),
  }),
] as const;
