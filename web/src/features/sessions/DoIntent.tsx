import { useLocation } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { queryClient } from "../../api/cache";
import { type Action, actionNamed } from "../../offline/actions";
import { useAction } from "../../offline/useAction";
import { useComposer } from "../compose/ComposerProvider";
import { type Intent, takeIntent } from "./intent";

/** Does what a user wanted before they signed in. */
export function DoIntent() {
  const address = useLocation({ select: ({ href }) => href });
  const compose = useComposer();
  const [intent, setIntent] = useState<Extract<Intent, { kind: "action" }>>();
  const begin = useEffectEvent(() => {
    const taken = takeIntent(address);
    if (taken?.kind === "compose") compose.open(taken.target);
    else if (taken) setIntent(taken);
  });
  useEffect(() => begin(), []);
  const action = intent && actionNamed(intent.name);
  return action ? <RunOnce action={action} input={intent.input} /> : null;
}

function RunOnce({ action, input }: { action: Action<unknown, unknown>; input: unknown }) {
  const { run } = useAction(action);
  const begun = useRef(false);
  const begin = useEffectEvent(async () => {
    if (begun.current) return;
    begun.current = true;
    // The page may have been read before the action had its effect.
    if ((await run(input)) !== undefined) void queryClient.invalidateQueries();
  });
  useEffect(() => void begin(), []);
  return null;
}
