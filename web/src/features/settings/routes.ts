import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { settingsRoute } from "./route";

export const settingsPages = [
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/",
    component: lazyRouteComponent(() => import("./SettingsIndex"), "SettingsIndex"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/profile",
    component: lazyRouteComponent(() => import("./profile/ProfileSettings"), "ProfileSettings"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/privacy",
    component: lazyRouteComponent(() => import("./PrivacySettings"), "PrivacySettings"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/account",
    component: lazyRouteComponent(() => import("./account/AccountSettings"), "AccountSettings"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/sessions",
    component: lazyRouteComponent(() => import("./account/SessionSettings"), "SessionSettings"),
  }),
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/appearance",
    component: lazyRouteComponent(() => import("./AppearanceSettings"), "AppearanceSettings"),
  }),
] as const;
