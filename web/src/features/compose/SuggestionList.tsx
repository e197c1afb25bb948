import { Hash } from "lucide-react";
import { type RefObject, useLayoutEffect, useRef } from "react";

import { Avatar } from "../../design/Avatar";
import { useText } from "../../i18n/messages";
import { UserName } from "../users/UserName";
import styles from "./SuggestionList.module.css";
import { caretBox } from "./caret";
import { type Suggestion, type TypedWord, keyOf } from "./completion";

interface SuggestionListProps {
  id: string;
  field: RefObject<HTMLTextAreaElement | null>;
  word: TypedWord;
  suggestions: readonly Suggestion[];
  active: number;
  onChoose: (suggestion: Suggestion) => void;
}

const GAP = 4;

/** Below the word that is typed, or above it where there is no room. The field keeps the focus. */
export function SuggestionList({ id, field, word, suggestions, active, onChoose }: SuggestionListProps) {
  const text = useText();
  const list = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = list.current;
    const area = field.current;
    if (!element || !area) return;
    element.showPopover();
    const place = () => {
      const box = caretBox(area, word.start);
      const { offsetWidth: width, offsetHeight: height } = element;
      const room = (area.closest("dialog") ?? document.documentElement).getBoundingClientRect();
      const rightToLeft = getComputedStyle(area).direction === "rtl";
      const left = rightToLeft ? box.x - width : box.x;
      const below = box.bottom + GAP;
      element.style.left = `${Math.max(room.left + GAP, Math.min(left, room.right - width - GAP))}px`;
      element.style.top = `${below + height > innerHeight ? Math.max(GAP, box.top - GAP - height) : below}px`;
    };
    place();
    addEventListener("scroll", place, { passive: true, capture: true });
    addEventListener("resize", place);
    return () => {
      removeEventListener("scroll", place, { capture: true });
      removeEventListener("resize", place);
    };
  }, [field, word.start, suggestions]);

  return (
    <div
      ref={list}
      id={id}
      popover="manual"
      role="listbox"
      aria-label={text("compose.suggestions")}
      className={styles.list}
    >
      {suggestions.map((suggestion, index) => (
        // The field has the keys.
        // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
        <div
          key={keyOf(suggestion)}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.option}
          // A press would take the focus from the field.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(suggestion)}
        >
          {suggestion.type === "user" ? (
            <>
              <Avatar user={suggestion.user} size={32} />
              <UserName user={suggestion.user} stacked />
            </>
          ) : (
            <>
              <Hash size={18} className={styles.hash} />
              <span>
                <bdi>{suggestion.hashtag.tag}</bdi>
                <span className={styles.use}>
                  {text("compose.hashtag_use", { count: suggestion.hashtag.posts_count })}
                </span>
              </span>
            </>
          )}
        </div>
      ))}
    </div>
  );
}
