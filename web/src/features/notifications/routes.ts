import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { signedInOnly } from "../sessions/signedIn";
import { settingsRoute } from "../settings/route";
import { shellRoute } from "../shell/route";
import type { Filter } from "./queries";

const SHOWN: readonly unknown[] = ["mentions", "reactions", "follows", "posts"] satisfies Filter[];

export const notificationRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/notifications",
    beforeLoad: signedInOnly,
    validateSearch: (search: Record<string, unknown>): { show?: Exclude<Filter, "all"> } =>
      SHOWN.includes(search["show"]) ? { show: search["show"] as Exclude<Filter, "all"> } : {},
    component: lazyRouteComponent(() => import("./NotificationsPage"), "NotificationsPage"),
  }),
] as const;

/** The preferences stand among the settings. */
export const notificationSettingsPages = [
  createRoute({
    getParentRoute: () => settingsRoute,
    path: "/notifications",
    component: lazyRouteComponent(() => import("./PreferencesPage"), "PreferencesPage"),
  }),
] as const;
