import { createRoute, lazyRouteComponent } from "@tanstack/react-router";

import { shellRoute } from "../shell/route";

export type SearchTab = "latest" | "people" | "hashtags";

const TABS: readonly unknown[] = ["latest", "people", "hashtags"] satisfies SearchTab[];

/** What `/search` shows. Without a tab: the best posts. */
export interface SearchParameters {
  q?: string;
  tab?: SearchTab;
}

function parametersOf({ q, tab }: Record<string, unknown>): SearchParameters {
  // The router reads `?q=2026` as a number.
  const query = typeof q === "string" ? q : typeof q === "number" || typeof q === "boolean" ? String(q) : "";
  return {
    ...(query ? { q: query } : {}),
    ...(TABS.includes(tab) ? { tab: tab as SearchTab } : {}),
  };
}

export const searchRoutes = [
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/explore",
    component: lazyRouteComponent(() => import("./ExplorePage"), "ExplorePage"),
  }),
  createRoute({
    getParentRoute: () => shellRoute,
    path: "/search",
    validateSearch: parametersOf,
    component: lazyRouteComponent(() => import("./SearchPage"), "SearchPage"),
  }),
] as const;
