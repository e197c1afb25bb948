/** What the two configurations of Vite share about the developers' pages. */

import { join } from "node:path";

import type { Plugin, ProxyOptions } from "vite";

/** Style elements are refused by the Content-Security-Policy; adopted sheets are not. */
export const STYLES = {
  "react-style-singleton": join(import.meta.dirname, "..", "src", "developers", "adopted-styles.tsx"),
};

/** The browsers that style sheets are written for. */
export const TARGETS = ["chrome123", "safari17.5", "firefox121"];

/** Leaves out the fonts that GraphiQL's style sheet carries: the pages use those of the system. */
export function withoutFonts(): Plugin {
  return {
    name: "roost-without-fonts",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("/graphiql/dist/style.css")) return undefined;
      return { code: code.replace(/@font-face\s*\{[^}]*\}/g, ""), map: null };
    },
  };
}

/** The files of the pages, by the paths at which the gateway serves them. */
export const PAGES: Record<string, string> = {
  "/docs": "/docs/index.html",
  "/docs/graphql.html": "/docs/graphql.html",
  "/docs/problems.html": "/docs/problems.html",
};

/** Makes the server of Vite answer the paths of the pages itself; the edge has the rest of /docs. */
export const ownPage: ProxyOptions["bypass"] = (request) => PAGES[request.url?.split("?")[0] ?? ""];
