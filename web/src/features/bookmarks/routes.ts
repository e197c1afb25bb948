import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const bookmarkRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/bookmarks",
    component: lazyRouteComponent(() => import("./BookmarksPage"), "BookmarksPage"),
  }),
] as const;
