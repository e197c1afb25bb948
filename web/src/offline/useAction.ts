import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { newIdempotencyKey } from "../api/idempotency";
import { useProblemText } from "../i18n/problems";
import { useText } from "../i18n/messages";
import { useToasts } from "../design/Toast";
import { type Action, outbox } from "./actions";

interface UsedAction<Input, Output> {
  /** Runs the action. A failure shows a toast with its reason and an offer to repeat. */
  run: (input: Input) => Promise<Output | undefined>;
  pending: boolean;
}

/** Runs an action for a component. Repeating a failed action sends the same idempotency key. */
export function useAction<Input, Output>(action: Action<Input, Output>): UsedAction<Input, Output> {
  const toasts = useToasts();
  const text = useText();
  const problemText = useProblemText();
  const [running, setRunning] = useState(0);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const run = useCallback(
    async (input: Input) => {
      const key = newIdempotencyKey();
      const attempt = async (): Promise<Output | undefined> => {
        if (mounted.current) setRunning((count) => count + 1);
        try {
          return await action.run(input, { key });
        } catch (error) {
          toasts.show({
            tone: "failure",
            text: `${text(action.failure)} ${problemText(error)}`,
            action: { label: text("common.try_again"), run: () => void attempt() },
          });
          return undefined;
        } finally {
          if (mounted.current) setRunning((count) => count - 1);
        }
      };
      return attempt();
    },
    [action, toasts, text, problemText],
  );
  return { run, pending: running > 0 };
}

/** How many actions wait for the connection. */
export function useWaitingActions(): number {
  return useSyncExternalStore(outbox.subscribe, () => outbox.size);
}
