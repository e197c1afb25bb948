import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

import { type Suggestion, type TypedWord, complete, wordAt } from "./completion";
import { suggestionsQuery } from "./queries";

/** The pause in typing after which suggestions are read. */
const PAUSE_MS = 150;
const NONE: Suggestion[] = [];

interface Completion {
  suggestions: readonly Suggestion[];
  active: number;
  word: TypedWord | undefined;
  listId: string;
  choose: (suggestion: Suggestion) => void;
  /** Looks at what stands at the caret now. */
  look: () => void;
  close: () => void;
  /** Takes the keys of an open list. Returns whether it took this one. */
  takeKey: (event: KeyboardEvent) => boolean;
}

/** Completes mentions and hashtags of a text area. */
export function useCompletion(
  field: RefObject<HTMLTextAreaElement | null>,
  onChange: (text: string) => void,
): Completion {
  const [word, setWord] = useState<TypedWord>();
  const [typed, setTyped] = useState<string>();
  const [active, setActive] = useState(0);
  const caret = useRef<number>(undefined);
  const listId = useId();
  const query = word?.query;

  useEffect(() => {
    const timer = setTimeout(() => setTyped(query), query === undefined ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [query]);
  const found = useQuery({
    ...suggestionsQuery(typed ?? ""),
    enabled: typed !== undefined && query !== undefined,
    placeholderData: keepPreviousData,
  });
  const sameSign = typed !== undefined && typed[0] === query?.[0];
  const suggestions = query !== undefined && sameSign ? (found.data?.items ?? NONE) : NONE;
  const first = suggestions[0];
  useEffect(() => setActive(0), [first]);

  // The caret goes behind what was chosen, once the field has the new text.
  useLayoutEffect(() => {
    if (caret.current === undefined) return;
    field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  });

  const close = () => setWord(undefined);
  const look = () => {
    const element = field.current;
    if (!element) return;
    const { selectionStart, selectionEnd, value } = element;
    setWord(selectionStart === selectionEnd ? wordAt(value, selectionStart) : undefined);
  };
  const choose = (suggestion: Suggestion) => {
    const element = field.current;
    if (!word || !element) return;
    const completed = complete(element.value, word, suggestion);
    caret.current = completed.caret;
    close();
    onChange(completed.text);
    element.focus();
  };
  const takeKey = (event: KeyboardEvent): boolean => {
    // Keys of an input method choose among its own candidates.
    if (suggestions.length === 0 || event.nativeEvent.isComposing || event.ctrlKey || event.metaKey) return false;
    const chosen = suggestions[active];
    if (event.key === "ArrowDown") setActive((active + 1) % suggestions.length);
    else if (event.key === "ArrowUp") setActive((active - 1 + suggestions.length) % suggestions.length);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && chosen) choose(chosen);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  return { suggestions, active, word, listId, choose, look, close, takeKey };
}
