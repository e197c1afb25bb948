import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { settingsRoute } from "../settings/route";
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
    path: "/@{$handle}/$tab",
    component: lazyRouteComponent(() => import("./ProfilePage"), "ProfilePage"),
  }),
] as const;

/** The pages of users among the settings. */
export const userSettingsPages = [
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/blocks",
    component: lazyRouteComponent(() => import("./RestrictionPages"), "BlocksPage"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/mutes",
    component: lazyRouteComponent(() => import("./RestrictionPages"), "MutesPage"),
  }),
] as const;
