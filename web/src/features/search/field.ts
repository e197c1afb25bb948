/** The search field that is shown: shortcuts and the help act on it. */

import { useEffect, useEffectEvent } from "react";

export interface SearchFieldHandle {
  /** Puts the focus into the field, and selects the text from `start` to `end` where these are given. */
  focus: (start?: number, end?: number) => void;
  /** Writes an operator at the cursor. `|` is where the cursor stands then. */
  insert: (operator: string) => void;
}

let shown: SearchFieldHandle | undefined;

/** The field that was shown last; absent where the page has none. */
export function searchField(): SearchFieldHandle | undefined {
  return shown;
}

/** Makes the field of a component the one that is shown. */
export function useShownField(handle: SearchFieldHandle): void {
  const focus = useEffectEvent(handle.focus);
  const insert = useEffectEvent(handle.insert);
  useEffect(() => {
    const mine: SearchFieldHandle = {
      focus: (start, end) => focus(start, end),
      insert: (operator) => insert(operator),
    };
    shown = mine;
    return () => {
      if (shown === mine) shown = undefined;
    };
  }, []);
}
