import { Outlet, createRootRoute } from "@tanstack/react-router";

import { FailedPage, MissingPage } from "../features/shell/FailedPage";

export const rootRoute = createRootRoute({
  component: Outlet,
  notFoundComponent: MissingPage,
  errorComponent: FailedPage,
});
