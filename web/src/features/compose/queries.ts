import { queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "../../api/client";

/** What the server takes: lengths of texts, kinds and sizes of media. */
export const limitsQuery = queryOptions({
  queryKey: ["limits"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/limits", { signal })),
  staleTime: Infinity,
  meta: { offline: true },
});
