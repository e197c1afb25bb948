import { useCallback, useRef, useState } from "react";

import { newIdempotencyKey } from "../api/idempotency";
import { isTemporary } from "../api/problem";
import type { Action } from "./actions";

interface Submission<Input> {
  /** Sends the form. Resolves with whether it was taken; the failure is in `error`. */
  submit: (input: Input) => Promise<boolean>;
  pending: boolean;
  error: unknown;
  /** Forgets the failure, as when the form changes. */
  clear: () => void;
}

/**
 * Runs an action for a form, which shows the failure itself, at the field.
 *
 * Sending the same input again after no answer came has the same idempotency key.
 */
export function useSubmit<Input, Output>(action: Action<Input, Output>): Submission<Input> {
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>();
  const failed = useRef<{ content: string; key: string }>(undefined);
  const running = useRef(false);

  const submit = useCallback(
    async (input: Input) => {
      if (running.current) return false;
      running.current = true;
      const content = JSON.stringify(input);
      const key = failed.current?.content === content ? failed.current.key : newIdempotencyKey();
      failed.current = undefined;
      setPending(true);
      setError(undefined);
      try {
        await action.run(input, { key });
        return true;
      } catch (failure) {
        if (isTemporary(failure)) failed.current = { content, key };
        setError(failure);
        return false;
      } finally {
        running.current = false;
        setPending(false);
      }
    },
    [action],
  );
  const clear = useCallback(() => setError(undefined), []);
  return { submit, pending, error, clear };
}
