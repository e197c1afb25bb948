/** The languages of the client, by their BCP 47 tags. Each names itself. */
export const LANGUAGES = {
  en: { name: "English", direction: "ltr" },
  de: { name: "Deutsch", direction: "ltr" },
  ja: { name: "日本語", direction: "ltr" },
  ar: { name: "العربية", direction: "rtl" },
} as const;

export type Language = keyof typeof LANGUAGES;

const ITEM = "roost.language";

/** The language that the user chose, else the first of the browser's that is there. */
export function preferredLanguage(): Language {
  const wanted = [localStorage.getItem(ITEM), ...navigator.languages];
  for (const tag of wanted) {
    const language = tag?.split("-")[0];
    if (language && language in LANGUAGES) return language as Language;
  }
  return "en";
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(ITEM, language);
}
