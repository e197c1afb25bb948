import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { signedInOnly } from "../sessions/signedIn";
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
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/settings/notifications",
    beforeLoad: signedInOnly,
    component: lazyRouteComponent(() => import("./PreferencesPage"), "PreferencesPage"),
  }),
] as const;
