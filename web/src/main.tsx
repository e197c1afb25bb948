import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./design/tokens.css";
import "./design/reset.css";
import { App } from "./app/App";
import { followSession } from "./app/effects";
import { applyTextSize } from "./app/textSize";
import { reloadForMissingFiles } from "./app/missing-files";
import { applyTheme } from "./app/theme";
import { LanguageProvider, loadMessages } from "./i18n/LanguageProvider";
import { preferredLanguage } from "./i18n/languages";

// The outbox runs actions of every feature by their names.
import.meta.glob("./features/*/actions.ts", { eager: true });

async function start(): Promise<void> {
  reloadForMissingFiles();
  applyTheme();
  applyTextSize();
  const language = preferredLanguage();
  const [messages] = await Promise.all([loadMessages(language), followSession()]);
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no element for the client.");
  createRoot(root).render(
    <StrictMode>
      <LanguageProvider initial={language} messages={messages}>
        <App />
      </LanguageProvider>
    </StrictMode>,
  );
}

void start();
