import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const postRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/posts/$postId",
    component: lazyRouteComponent(() => import("./ThreadPage"), "ThreadPage"),
  }),
] as const;
