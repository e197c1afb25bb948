import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "../../api/client";

/** The server computes them about once a minute; a reader needs them less often. */
const READ_EVERY_MS = 5 * 60_000;

/** The hashtags whose use rises most. They are read again while the page is looked at. */
export const trendsQuery = queryOptions({
  queryKey: ["trends"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/trends", { signal })),
  staleTime: READ_EVERY_MS,
  refetchInterval: READ_EVERY_MS,
  meta: { offline: true },
});
