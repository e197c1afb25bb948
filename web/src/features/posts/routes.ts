import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const postRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/posts/$postId",
    component: lazyRouteComponent(() => import("./ThreadPage"), "ThreadPage"),
  }),
  ...(["likes", "reposts", "quotes"] as const).map((kind) =>
    createRoute({
      getParentRoute: () => shellRoute,
      path: `/posts/$postId/${kind}`,
      component: lazyRouteComponent(() => import("./EngagementPage"), "EngagementPage"),
    }),
  ),
] as const;
