import { useState } from "react";

import { TEXT_SIZES, type TextSize, chooseTextSize, chosenTextSize } from "../../app/textSize";
import { type Theme, chooseTheme, chosenTheme } from "../../app/theme";
import { Choices } from "../../design/Choices";
import { useLanguage } from "../../i18n/LanguageProvider";
import { LANGUAGES, type Language } from "../../i18n/languages";
import { useText } from "../../i18n/messages";
import styles from "./AppearanceChoices.module.css";

const THEMES = ["system", "light", "dark"] as const;

/** How the client looks in this browser. A choice is kept at once. */
export function AppearanceChoices() {
  const text = useText();
  const { language, choose } = useLanguage();
  const [theme, setTheme] = useState(chosenTheme);
  const [size, setSize] = useState(chosenTextSize);

  return (
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
      <Choices<TextSize>
        name="text-size"
        legend={text("shell.text_size")}
        value={size}
        choices={TEXT_SIZES.map((each) => [each, text(`shell.text_size_${each}`)])}
        onChange={(next) => {
          chooseTextSize(next);
          setSize(next);
        }}
      />
      <Choices<Language>
        name="language"
        legend={text("shell.language")}
        value={language}
        choices={Object.entries(LANGUAGES).map(([tag, { name }]) => [tag as Language, name])}
        onChange={choose}
        languageOf={(tag) => tag}
      />
    </div>
  );
}
