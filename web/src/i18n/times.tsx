import { useMemo, useSyncExternalStore } from "react";
import { useIntl } from "react-intl";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// One timer for all times that are shown.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, MINUTE / 2);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** A time as short as a card needs it: 5m, 3h, 12 Mar. Screen readers and tooltips get all of it. */
export function RelativeTime({ value, className }: { value: string; className?: string | undefined }) {
  const intl = useIntl();
  const text = useSyncExternalStore(subscribe, () => short(value, Math.max(now, Date.parse(value)), intl.locale));
  const full = useFullTime(value);
  return (
    <time dateTime={value} title={full} className={className}>
      <span aria-hidden>{text}</span>
      <span className="visually-hidden">{full}</span>
    </time>
  );
}

/** A time with date and minute. */
export function useFullTime(value: string): string {
  const intl = useIntl();
  return useMemo(
    () => intl.formatDate(value, { dateStyle: "medium", timeStyle: "short" }),
    [intl, value],
  );
}

function short(value: string, at: number, locale: string): string {
  const time = Date.parse(value);
  const age = at - time;
  if (age < MINUTE) return unit(locale, "second", Math.max(1, Math.floor(age / 1000)));
  if (age < HOUR) return unit(locale, "minute", Math.floor(age / MINUTE));
  if (age < DAY) return unit(locale, "hour", Math.floor(age / HOUR));
  if (age < 7 * DAY) return unit(locale, "day", Math.floor(age / DAY));
  const sameYear = new Date(time).getFullYear() === new Date(at).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  }).format(time);
}

function unit(locale: string, name: string, value: number): string {
  return new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(value);
}

/** A count as short as a card needs it: 12, 3.4K. */
export function useShortNumber(): (value: number) => string {
  const { locale } = useIntl();
  return useMemo(() => {
    const format = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
    return (value) => format.format(value);
  }, [locale]);
}
