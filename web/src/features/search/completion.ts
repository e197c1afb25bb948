import { MAX_TYPED } from "./queries";

/** What of a typed text can be completed. */
export type Completion =
  /** The whole text is a name: choosing one opens its page. */
  | { kind: "name"; typed: string }
  /** A value in a query: choosing one writes it between `start` and `end`. */
  | { kind: "value"; typed: string; start: number; end: number };

const USER_OPERATOR = /^(-?(?:from|to|mentions):)@?(.+)$/i;
/** Texts with these are queries, not names. */
const OPERATOR = /["“”„«»()]|(?:^|\s)-\S|\b[a-z_]+:|\bOR\b/i;

/** What can be completed at the cursor. */
export function completionAt(text: string, cursor: number): Completion | undefined {
  const start = Math.max(text.lastIndexOf(" ", cursor - 1), text.lastIndexOf("(", cursor - 1)) + 1;
  const next = text.indexOf(" ", cursor);
  const end = next === -1 ? text.length : next;
  const word = text.slice(start, end);

  const operator = USER_OPERATOR.exec(word);
  if (operator) {
    const [, name = "", value = ""] = operator;
    const typed = `@${value}`;
    return [...typed].length <= MAX_TYPED ? { kind: "value", typed, start: start + name.length, end } : undefined;
  }
  const whole = text.trim();
  if (word.startsWith("#") && word.length > 1 && word !== whole) {
    return [...word].length <= MAX_TYPED ? { kind: "value", typed: word, start, end } : undefined;
  }
  if (whole === "" || whole === "@" || whole === "#" || [...whole].length > MAX_TYPED || OPERATOR.test(whole)) {
    return undefined;
  }
  return { kind: "name", typed: whole };
}
