import { type ReactNode, createContext, use, useCallback, useEffect, useMemo, useState } from "react";
import { type IntlConfig, IntlProvider } from "react-intl";

import { LANGUAGES, type Language, chooseLanguage } from "./languages";

type CompiledMessages = NonNullable<IntlConfig["messages"]>;

const LOADERS: Record<Language, () => Promise<{ default: CompiledMessages }>> = {
  en: () => import("virtual:messages/en"),
  de: () => import("virtual:messages/de"),
  ja: () => import("virtual:messages/ja"),
  ar: () => import("virtual:messages/ar"),
};

/** The messages of a language, a file of its own. */
export async function loadMessages(language: Language): Promise<CompiledMessages> {
  return (await LOADERS[language]()).default;
}

interface LanguageChoice {
  language: Language;
  choose: (language: Language) => void;
}

const LanguageContext = createContext<LanguageChoice>({ language: "en", choose: () => undefined });

export function useLanguage(): LanguageChoice {
  return use(LanguageContext);
}

interface LanguageProviderProps {
  initial: Language;
  messages: CompiledMessages;
  children: ReactNode;
}

export function LanguageProvider({ initial, messages, children }: LanguageProviderProps) {
  const [current, setCurrent] = useState({ language: initial, messages });
  const { language } = current;

  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = LANGUAGES[language].direction;
  }, [language]);

  const choose = useCallback((next: Language) => {
    chooseLanguage(next);
    void loadMessages(next).then((loaded) => setCurrent({ language: next, messages: loaded }));
  }, []);
  const value = useMemo(() => ({ language, choose }), [language, choose]);

  return (
    <LanguageContext value={value}>
      <IntlProvider locale={language} messages={current.messages}>
        {children}
      </IntlProvider>
    </LanguageContext>
  );
}
