import { type ClipboardEvent, type KeyboardEvent, type RefObject, useRef } from "react";

import { useText } from "../../i18n/messages";
import styles from "./Composer.module.css";
import { SuggestionList } from "./SuggestionList";
import { useCompletion } from "./useCompletion";

interface ComposerFieldProps {
  field: RefObject<HTMLTextAreaElement | null>;
  label: string;
  placeholder: string;
  value: string;
  language: string | null;
  onChange: (text: string) => void;
  onSend: () => void;
  onFiles: (files: File[]) => void;
}

/** The text of a post: completes mentions and hashtags, and takes pasted files. */
export function ComposerField(props: ComposerFieldProps) {
  const { field, label, placeholder, value, language, onChange, onSend, onFiles } = props;
  const text = useText();
  const composing = useRef(false);
  const completion = useCompletion(field, onChange);
  const { suggestions, active, word, listId } = completion;
  const open = word !== undefined && suggestions.length > 0;

  const look = () => {
    // An input method has not decided yet what the word is.
    if (!composing.current) completion.look();
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    // Text processors add a picture of the text.
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    onFiles(files);
  };

  return (
    <>
      <textarea
        ref={field}
        className={styles.text}
        dir="auto"
        lang={language ?? undefined}
        value={value}
        aria-label={label}
        placeholder={placeholder}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={open ? listId : undefined}
        aria-activedescendant={open ? `${listId}-${active}` : undefined}
        onChange={(event) => {
          onChange(event.target.value);
          look();
        }}
        onSelect={look}
        onBlur={completion.close}
        onPaste={paste}
        onCompositionStart={() => {
          composing.current = true;
          completion.close();
        }}
        onCompositionEnd={() => {
          composing.current = false;
          completion.look();
        }}
        onKeyDown={(event: KeyboardEvent) => {
          if (completion.takeKey(event)) return;
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSend();
        }}
      />
      <span className="visually-hidden" role="status">
        {open && text("compose.suggestions_count", { count: suggestions.length })}
      </span>
      {open && (
        <SuggestionList
          id={listId}
          field={field}
          word={word}
          suggestions={suggestions}
          active={active}
          onChoose={completion.choose}
        />
      )}
    </>
  );
}
