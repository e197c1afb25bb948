import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Clock, Hash, Search, X } from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

import type { User } from "../../api/client";
import { Avatar } from "../../design/Avatar";
import { IconButton } from "../../design/Button";
import { useText } from "../../i18n/messages";
import { UserName } from "../users/UserName";
import { OperatorHelp } from "./OperatorHelp";
import styles from "./SearchField.module.css";
import { type Completion, completionAt } from "./completion";
import { useShownField } from "./field";
import { FREQUENT, withOperator } from "./operators";
import { type Suggestion, suggestionsQuery } from "./queries";
import { forgetSearch, forgetSearches, rememberSearch, useRecentSearches } from "./recent";
import type { SearchTab } from "./routes";

/** A request is sent once the typing pauses for so long. */
const PAUSE_MS = 150;

type Option =
  | { kind: "search"; query: string }
  | { kind: "recent"; query: string }
  | { kind: "user"; user: User }
  | { kind: "hashtag"; tag: string; people: number };

interface SearchFieldProps {
  /** What is searched for now. */
  query?: string;
  /** The tab that the next search shows. */
  tab?: SearchTab | undefined;
}

/** The field of the search: a combobox with recent searches, users and hashtags. `/` focuses it. */
export function SearchField({ query = "", tab }: SearchFieldProps) {
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  /** Where the focus was when a shortcut moved it here. */
  const focusedBefore = useRef<HTMLElement | null>(null);
  const [value, setValue] = useState(query);
  const [cursor, setCursor] = useState(query.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  /** Where the cursor is to stand after something was written. */
  const [place, setPlace] = useState<{ at: number }>();
  const [help, setHelp] = useState(false);
  const recent = useRecentSearches();

  const completion = open ? completionAt(value, cursor) : undefined;
  const typed = useSettled(completion?.typed, PAUSE_MS);
  const { data: suggestions } = useQuery({
    ...suggestionsQuery(typed ?? ""),
    enabled: open && typed !== undefined && completion !== undefined,
  });
  const options = optionsFor(value, recent, completion, completion && suggestions);
  const current = options[active];

  useLayoutEffect(() => {
    if (!place) return;
    input.current?.focus();
    input.current?.setSelectionRange(place.at, place.at);
  }, [place]);

  const write = (next: string, at: number) => {
    setValue(next);
    setCursor(at);
    setPlace({ at });
    setActive(-1);
    setOpen(true);
  };
  const insert = (operator: string) => {
    const next = withOperator(value, input.current?.selectionStart ?? value.length, operator);
    write(next.query, next.cursor);
  };
  useShownField({
    focus: (start, end) => {
      const before = document.activeElement;
      focusedBefore.current = before instanceof HTMLElement && before !== document.body ? before : null;
      input.current?.focus();
      if (start === undefined) input.current?.select();
      else input.current?.setSelectionRange(start, end ?? start);
    },
    insert,
  });

  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [id, active]);

  const close = () => {
    setOpen(false);
    setActive(-1);
  };
  const submit = (wanted: string) => {
    const q = wanted.trim();
    if (!q) return;
    rememberSearch(q);
    close();
    setValue(q);
    // The same search again reads what is new.
    if (q === query) void client.invalidateQueries({ queryKey: ["search"] });
    void navigate({ to: "/search", search: { q, ...(tab ? { tab } : {}) } });
    // Screen readers continue with the results.
    input.current?.blur();
    document.getElementById("main")?.focus({ preventScroll: true });
  };
  const choose = (option: Option) => {
    if (option.kind === "search" || option.kind === "recent") return submit(option.query);
    if (completion?.kind === "value") {
      const written = option.kind === "user" ? option.user.handle : `#${option.tag}`;
      const after = value.slice(completion.end).trimStart();
      const before = `${value.slice(0, completion.start)}${written} `;
      return write(before + after, before.length);
    }
    close();
    setValue(query);
    input.current?.blur();
    void (option.kind === "user"
      ? navigate({ to: "/@{$handle}", params: { handle: option.user.handle } })
      : navigate({ to: "/tags/$tag", params: { tag: option.tag } }));
  };
  const leave = () => {
    const before = focusedBefore.current;
    focusedBefore.current = null;
    if (before?.isConnected) before.focus({ preventScroll: true });
    else input.current?.blur();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      // One place more than there are options: the field itself.
      const places = options.length + 1;
      if (open) setActive(((active + 1 + move + places) % places) - 1);
      else setOpen(true);
    } else if (event.key === "Enter" && current) {
      event.preventDefault();
      choose(current);
    } else if (event.key === "Delete" && current?.kind === "recent") {
      event.preventDefault();
      forgetSearch(current.query);
      setActive(-1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (open) close();
      else leave();
    }
  };

  return (
    // It only closes when the focus leaves it.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div
      ref={box}
      className={styles.box}
      onBlur={(event) => {
        if (!box.current?.contains(event.relatedTarget)) close();
      }}
    >
      <form
        role="search"
        className={styles.field}
        onSubmit={(event) => {
          event.preventDefault();
          submit(value);
        }}
      >
        <Search size={18} className={styles.glass} aria-hidden />
        <input
          ref={input}
          type="search"
          role="combobox"
          className={styles.input}
          aria-label={text("search.search")}
          aria-expanded={open && options.length > 0}
          aria-controls={open && options.length > 0 ? `${id}-options` : undefined}
          aria-autocomplete="list"
          aria-activedescendant={current ? `${id}-${active}` : undefined}
          placeholder={text("search.search")}
          value={value}
          // The placeholder is in the language of the page.
          dir={value ? "auto" : undefined}
          maxLength={2048}
          autoComplete="off"
          autoCapitalize="off"
          autoCorrect="off"
          spellCheck={false}
          enterKeyHint="search"
          onChange={(event) => {
            setValue(event.target.value);
            setCursor(event.target.selectionStart ?? event.target.value.length);
            setActive(-1);
            setOpen(true);
          }}
          onSelect={(event) => setCursor(event.currentTarget.selectionStart ?? value.length)}
          onFocus={() => {
            if (!value) setOpen(true);
          }}
          onClick={() => setOpen(true)}
          onKeyDown={onKeyDown}
        />
        {value && (
          <IconButton label={text("search.clear")} className={styles.clear} onClick={() => write("", 0)}>
            <X size={18} />
          </IconButton>
        )}
      </form>
      <div className={styles.popup} hidden={!open}>
        {recent.length > 0 && !value && (
          <div className={styles.head}>
            <h2>{text("search.recent")}</h2>
            <button type="button" className={styles.textButton} onClick={forgetSearches}>
              {text("search.forget_all")}
            </button>
          </div>
        )}
        {options.length > 0 && (
          <div id={`${id}-options`} role="listbox" aria-label={text(value ? "search.suggestions" : "search.recent")}>
            {options.map((option, index) => (
              // eslint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={keyOf(option)}
                id={`${id}-${index}`}
                role="option"
                // The field keeps the focus and the keys.
                tabIndex={-1}
                aria-selected={index === active}
                className={styles.option}
                onPointerDown={(event) => event.preventDefault()}
                onPointerMove={() => setActive(index)}
                onClick={(event: MouseEvent<HTMLElement>) => {
                  const removes = (event.target as Element).closest("[data-forget]");
                  if (removes && option.kind === "recent") forgetSearch(option.query);
                  else choose(option);
                }}
              >
                <OptionContent option={option} />
              </div>
            ))}
          </div>
        )}
        <div className={styles.chips} role="group" aria-label={text("search.operators")}>
          {FREQUENT.map((operator) => (
            <button
              key={operator.insert}
              type="button"
              className={styles.chip}
              title={text(operator.label)}
              aria-label={`${operator.insert.replace("|", "")}: ${text(operator.label)}`}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => insert(operator.insert)}
            >
              <bdi dir="ltr">{operator.insert.replace("|", "…").replace("……", "…")}</bdi>
            </button>
          ))}
          <button type="button" className={styles.textButton} onClick={() => setHelp(true)}>
            {text("search.all_operators")}
          </button>
        </div>
      </div>
      <span role="status" className="visually-hidden">
        {open && value && suggestions && completion
          ? text("search.suggestions_count", { count: suggestions.length })
          : ""}
      </span>
      {help && <OperatorHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

function OptionContent({ option }: { option: Option }) {
  const text = useText();
  switch (option.kind) {
    case "user":
      return (
        <>
          <Avatar user={option.user} size={36} />
          <span className={styles.optionText}>
            <UserName user={option.user} stacked />
          </span>
        </>
      );
    case "hashtag":
      return (
        <>
          <span className={styles.optionIcon}>
            <Hash size={18} aria-hidden />
          </span>
          <span className={styles.optionText}>
            <strong>
              <bdi>#{option.tag}</bdi>
            </strong>
            <span className={styles.muted}>{text("hashtags.people", { count: option.people })}</span>
          </span>
        </>
      );
    default:
      return (
        <>
          <span className={styles.optionIcon}>
            {option.kind === "recent" ? <Clock size={18} aria-hidden /> : <Search size={18} aria-hidden />}
          </span>
          <bdi className={styles.query}>{option.query}</bdi>
          {option.kind === "recent" && (
            <span className={styles.forget} data-forget title={text("search.forget", { query: option.query })}>
              <X size={16} aria-hidden />
            </span>
          )}
        </>
      );
  }
}

function optionsFor(
  value: string,
  recent: readonly string[],
  completion: Completion | undefined,
  suggestions: readonly Suggestion[] | undefined,
): Option[] {
  const query = value.trim();
  if (!query) return recent.map((each) => ({ kind: "recent", query: each }));
  const found = (suggestions ?? []).flatMap((suggestion): Option[] => {
    if (suggestion.type === "user") {
      return completion?.typed.startsWith("#") ? [] : [{ kind: "user", user: suggestion.user }];
    }
    if (completion?.typed.startsWith("@")) return [];
    return [{ kind: "hashtag", tag: suggestion.hashtag.tag, people: suggestion.hashtag.authors_count }];
  });
  // Completing a value comes before searching.
  const search: Option = { kind: "search", query };
  return completion?.kind === "value" ? [...found, search] : [search, ...found];
}

function keyOf(option: Option): string {
  if (option.kind === "user") return `@${option.user.id}`;
  return option.kind === "hashtag" ? `#${option.tag}` : `${option.kind} ${option.query}`;
}

/** The value once it stayed the same for so long. */
function useSettled<Value>(value: Value, milliseconds: number): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
