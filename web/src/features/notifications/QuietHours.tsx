import { useMemo } from "react";
import { useIntl } from "react-intl";

import type { Schemas } from "../../api/client";
import { Button } from "../../design/Button";
import { Switch } from "../../design/Switch";
import { useText } from "../../i18n/messages";
import styles from "./PreferencesPage.module.css";
import type { Preferences } from "./queries";

type Hours = NonNullable<Preferences["quiet_hours"]>;

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const NIGHT: Hours = { start_hour: 22, end_hour: 7 };

interface QuietHoursProps {
  hours: Hours | null;
  timeZone: string;
  onChange: (change: Pick<Schemas["PreferencesChange"], "quiet_hours" | "time_zone">) => void;
}

/** A part of each day in which nothing is pushed, and the time zone that days go by. */
export function QuietHours({ hours, timeZone, onChange }: QuietHoursProps) {
  const text = useText();
  const zones = useMemo(() => {
    const all = Intl.supportedValuesOf("timeZone");
    return all.includes(timeZone) ? all : [timeZone, ...all];
  }, [timeZone]);
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

  return (
    <>
      <Switch
        label={text("notifications.quiet_on")}
        checked={hours !== null}
        onChange={(on) => onChange({ quiet_hours: on ? NIGHT : null })}
      />
      {hours && (
        <div className={styles.fields}>
          <Hour
            label={text("notifications.quiet_from")}
            value={hours.start_hour}
            other={hours.end_hour}
            onChange={(start_hour) => onChange({ quiet_hours: { ...hours, start_hour } })}
          />
          <Hour
            label={text("notifications.quiet_to")}
            value={hours.end_hour}
            other={hours.start_hour}
            onChange={(end_hour) => onChange({ quiet_hours: { ...hours, end_hour } })}
          />
        </div>
      )}
      <label className={styles.field}>
        <span>{text("notifications.time_zone")}</span>
        <select
          className={styles.select}
          value={timeZone}
          dir="ltr"
          onChange={(event) => onChange({ time_zone: event.target.value })}
        >
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zone.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      </label>
      {here && here !== timeZone && (
        <Button
          variant="secondary"
          size="small"
          className={styles.start}
          onClick={() => onChange({ time_zone: here })}
        >
          {text("notifications.time_zone_here", { zone: here.replaceAll("_", " ") })}
        </Button>
      )}
    </>
  );
}

interface HourProps {
  label: string;
  value: number;
  /** The hour that this one must differ from. */
  other: number;
  onChange: (hour: number) => void;
}

function Hour({ label, value, other, onChange }: HourProps) {
  const intl = useIntl();
  const name = (hour: number) =>
    intl.formatTime(new Date(Date.UTC(2000, 0, 1, hour)), { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <select className={styles.select} value={value} onChange={(event) => onChange(Number(event.target.value))}>
        {HOURS.filter((hour) => hour !== other).map((hour) => (
          <option key={hour} value={hour}>
            {name(hour)}
          </option>
        ))}
      </select>
    </label>
  );
}
