import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const hashtagRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/tags/$tag",
    component: lazyRouteComponent(() => import("./HashtagPage"), "HashtagPage"),
  }),
] as const;
