import { queryOptions, useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

import { type User, api, unwrap } from "../../api/client";
import { type SessionState, session } from "../../api/session";

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => unwrap(api.GET("/v2/users/me", { signal })),
  staleTime: 5 * 60_000,
  meta: { offline: true },
});

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** The id of the user who is signed in. */
export function useMyId(): string | undefined {
  const state = useSession();
  return state.status === "signed-in" ? state.userId : undefined;
}

/** The user who is signed in, once they are loaded. */
export function useMe(): User | undefined {
  const id = useMyId();
  return useQuery({ ...meQuery, enabled: id !== undefined }).data;
}
