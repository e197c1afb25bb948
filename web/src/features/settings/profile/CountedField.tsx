import { type ChangeEvent, useMemo } from "react";

import { TextArea, TextField } from "../../../design/TextField";
import { useText } from "../../../i18n/messages";
import { countCharacters } from "../../compose/graphemes";
import styles from "./CountedField.module.css";

/** From this number of characters on, a screen reader announces how many are left. */
const SPOKEN_AT = 10;

interface CountedFieldProps {
  name: string;
  label: string;
  hint?: string;
  value: string;
  /** In characters, as a reader counts them. */
  max: number;
  error: string | undefined;
  onChange: (value: string) => void;
  /** Takes several lines. */
  lines?: boolean;
  placeholder?: string;
  inputMode?: "url";
  autoComplete?: string;
  direction?: "ltr";
}

/** A text with a limit, and how much of it is used. */
export function CountedField({ max, lines = false, direction, onChange, ...rest }: CountedFieldProps) {
  const text = useText();
  const length = useMemo(() => countCharacters(rest.value.trim()), [rest.value]);
  const left = max - length;
  const field = {
    ...rest,
    error: rest.error ?? (left < 0 ? text("settings.too_long", { count: -left }) : undefined),
    dir: direction ?? "auto",
    aside: (
      <span className={styles.count} data-over={left < 0}>
        <span aria-hidden>
          {length}/{max}
        </span>
        <span className="visually-hidden" aria-live={left <= SPOKEN_AT ? "polite" : "off"}>
          {text("compose.left", { count: left })}
        </span>
      </span>
    ),
  };
  const change = (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.target.value);
  return lines ? <TextArea {...field} onChange={change} /> : <TextField {...field} onChange={change} />;
}
