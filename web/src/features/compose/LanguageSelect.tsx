import { Languages } from "lucide-react";
import { useMemo } from "react";
import { useIntl } from "react-intl";

import { useText } from "../../i18n/messages";
import styles from "./Composer.module.css";

/** Languages that many people write, by their ISO 639 codes. */
const CODES = (
  "af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fil fr ga gl gu ha he hi hr hu hy id ig is it ja " +
  "jv ka kk km kn ko ku ky lo lt lv mg mk ml mn mr ms mt my nb ne nl nn or pa pl ps pt ro ru rw sd si sk sl sn so " +
  "sq sr sv sw ta te tg th tk tr uk ur uz vi xh yi yo zh zu"
).split(" ");

interface LanguageSelectProps {
  value: string | null;
  onChange: (language: string | null) => void;
}

/** The language of a post, which is detected unless the author gives it. */
export function LanguageSelect({ value, onChange }: LanguageSelectProps) {
  const text = useText();
  const { locale } = useIntl();
  const { own, others } = useMemo(() => languagesFor(locale), [locale]);
  const option = ([code, name]: [string, string]) => (
    <option key={code} value={code}>
      {name}
    </option>
  );
  return (
    <span className={styles.language}>
      <Languages size={16} aria-hidden />
      <select
        aria-label={text("compose.language")}
        title={text("compose.language")}
        value={value ?? ""}
        onChange={(event) => onChange(event.target.value || null)}
      >
        <option value="">{text("compose.language_detected")}</option>
        <optgroup label={text("compose.languages_own")}>{own.map(option)}</optgroup>
        <optgroup label={text("compose.languages_all")}>{others.map(option)}</optgroup>
      </select>
    </span>
  );
}

/** The languages by name: those of the browser and the page first. */
function languagesFor(locale: string): { own: [string, string][]; others: [string, string][] } {
  const names = new Intl.DisplayNames([locale], { type: "language" });
  const entry = (code: string): [string, string] => [code, names.of(code) ?? code];
  const own = new Set([locale, ...navigator.languages].map((tag) => new Intl.Locale(tag).language));
  const others = CODES.filter((code) => !own.has(code)).map(entry);
  others.sort(([, one], [, other]) => one.localeCompare(other, locale));
  return { own: [...own].map(entry), others };
}
