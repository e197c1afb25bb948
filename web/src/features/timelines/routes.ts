import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";
import type { HomeOrder } from "./queries";

export const timelineRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/",
    validateSearch: (search: Record<string, unknown>): { order?: HomeOrder } =>
      search["order"] === "relevant" ? { order: "relevant" } : {},
    component: lazyRouteComponent(() => import("./HomePage"), "HomePage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/public",
    component: lazyRouteComponent(() => import("./PublicPage"), "PublicPage"),
  }),
] as const;
