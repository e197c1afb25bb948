/** Renders one of the developers' pages: its header, and what is below. */

import "./trusted-html";

import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

import "../design/tokens.css";
import "../design/reset.css";
import { applyTheme } from "../app/theme";
import { Header, type PageName } from "./Header";
import styles from "./start.module.css";

export function start(page: PageName, content: ReactNode): void {
  applyTheme();
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no element for its content.");
  createRoot(root).render(
    <StrictMode>
      <div className={page === "graphiql" ? styles["window"] : styles["page"]}>
        <Header current={page} />
        <main className={styles["content"]} id="content" tabIndex={-1}>
          {content}
        </main>
      </div>
    </StrictMode>,
  );
}
