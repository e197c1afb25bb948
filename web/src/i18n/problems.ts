import { useCallback } from "react";
import { type IntlShape, useIntl } from "react-intl";

import { Problem, Unreachable } from "../api/problem";

/** Why something failed, in the words of the user's language. */
export function useProblemText(): (error: unknown) => string {
  const intl = useIntl();
  return useCallback(
    (error) => {
      const words = (id: string, values?: Record<string, string | number>) =>
        intl.formatMessage({ id }, values);
      if (error instanceof Unreachable) return words("problem.unreachable");
      if (!(error instanceof Problem)) return words("problem.unknown");
      const id = `problem.${error.reason}`;
      // A reason without words of its own has those of the server.
      if (!(id in intl.messages)) return error.message || words("problem.unknown");
      return words(id, { ...error.metadata, wait: error.retryAfter ? waitOf(intl, error.retryAfter) : "none" });
    },
    [intl],
  );
}

/** What the server says about each field of a form, by the names of the fields. */
export function useFieldErrors(): (error: unknown) => Readonly<Record<string, string>> {
  const intl = useIntl();
  return useCallback(
    (error) => {
      if (!(error instanceof Problem)) return {};
      return Object.fromEntries(
        error.violations.map(({ field, rule, detail }) => {
          const id = `problem.rule.${rule.split(".").at(-1)}`;
          return [field, id in intl.messages ? intl.formatMessage({ id }) : detail];
        }),
      );
    },
    [intl],
  );
}

/** A time from now as words say it: "in 40 seconds", "in 12 minutes". */
function waitOf(intl: IntlShape, seconds: number): string {
  return seconds < 90
    ? intl.formatRelativeTime(Math.ceil(seconds), "second")
    : intl.formatRelativeTime(Math.ceil(seconds / 60), "minute");
}
