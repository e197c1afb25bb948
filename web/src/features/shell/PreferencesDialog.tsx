import { useState } from "react";

import { type Theme, chooseTheme, chosenTheme } from "../../app/theme";
import { Dialog } from "../../design/Dialog";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LANGUAGES, type Language } from "../../i18n/languages";
import { useText } from "../../i18n/messages";
import styles from "./PreferencesDialog.module.css";

const THEMES = ["system", "light", "dark"] as const;

/** Language and theme of this browser. */
export function PreferencesDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  const { language, choose } = useLanguage();
  const [theme, setTheme] = useState(chosenTheme);

  return (
    <Dialog title={text("shell.preferences")} onClose={onClose}>
      <div className={styles.groups}>
        <Choices<Theme>
          name="theme"
          legend={text("shell.theme")}
          value={theme}
          choices={THEMES.map((each) => [each, text(`shell.theme_${each}`)])}
          onChange={(next) => {
            chooseTheme(next);
            setTheme(next);
          }}
        />
        <Choices<Language>
          name="language"
          legend={text("shell.language")}
          value={language}
          choices={Object.entries(LANGUAGES).map(([tag, { name }]) => [tag as Language, name])}
          onChange={choose}
        />
      </div>
    </Dialog>
  );
}

interface ChoicesProps<Value extends string> {
  name: string;
  legend: string;
  value: Value;
  choices: [Value, string][];
  onChange: (value: Value) => void;
}

function Choices<Value extends string>({ name, legend, value, choices, onChange }: ChoicesProps<Value>) {
  return (
    <fieldset className={styles.group}>
      <legend>{legend}</legend>
      <div className={styles.choices}>
        {choices.map(([each, label]) => (
          <label key={each} className={styles.choice} lang={name === "language" ? each : undefined}>
            <input
              type="radio"
              name={name}
              value={each}
              checked={each === value}
              onChange={() => onChange(each)}
            />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
