import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { signedInOnly } from "../sessions/signedIn";
import { shellRoute } from "../shell/route";

export const bookmarkRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/bookmarks",
    beforeLoad: signedInOnly,
    component: lazyRouteComponent(() => import("./BookmarksPage"), "BookmarksPage"),
  }),
] as const;
