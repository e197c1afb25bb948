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
    path: "/@{$handle}/followers",
    component: lazyRouteComponent(() => import("./FollowsPage"), "FollowsPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/@{$handle}/following",
    component: lazyRouteComponent(() => import("./FollowsPage"), "FollowsPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/follow-requests",
    component: lazyRouteComponent(() => import("./FollowRequestsPage"), "FollowRequestsPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/settings/blocks",
    component: lazyRouteComponent(() => import("./RestrictionPages"), "BlocksPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/settings/mutes",
    component: lazyRouteComponent(() => import("./RestrictionPages"), "MutesPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/@{$handle}/$tab",
    component: lazyRouteComponent(() => import("./ProfilePage"), "ProfilePage"),
  }),
] as const;
