import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export const hashtagRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/followed-hashtags",
    component: lazyRouteComponent(() => import("./FollowedHashtagsPage"), "FollowedHashtagsPage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/tags/$tag",
    validateSearch: (search: Record<string, unknown>): { media?: true } =>
      search["media"] === true ? { media: true } : {},
    component: lazyRouteComponent(() => import("./HashtagPage"), "HashtagPage"),
  }),
] as const;
