import { createRouter } from "@tanstack/react-router";

import { bookmarkRoutes } from "../features/bookmarks/routes";
import { hashtagRoutes } from "../features/hashtags/routes";
import { notificationRoutes, notificationSettingsRoutes } from "../features/notifications/routes";
import { postRoutes } from "../features/posts/routes";
import { searchRoutes } from "../features/search/routes";
import { sessionRoutes } from "../features/sessions/routes";
import { settingsRoute } from "../features/settings/route";
import { settingsPages } from "../features/settings/routes";
import { shellRoute } from "../features/shell/route";
import { timelineRoutes } from "../features/timelines/routes";
import { restrictionRoutes, userRoutes } from "../features/users/routes";
import { rootRoute } from "./root";

// One line a feature with routes. Those in the shell have its navigation around them.
const routeTree = rootRoute.addChildren([
  ...sessionRoutes,
  shellRoute.addChildren([
    ...timelineRoutes,
    ...postRoutes,
    ...userRoutes,
    ...hashtagRoutes,
    ...searchRoutes,
    ...notificationRoutes,
    ...bookmarkRoutes,
    settingsRoute.addChildren([...settingsPages, ...restrictionRoutes, ...notificationSettingsRoutes]),
  ]),
]);

export const router = createRouter({
  routeTree,
  scrollRestoration: true,
  defaultPreload: "intent",
  defaultStructuralSharing: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
