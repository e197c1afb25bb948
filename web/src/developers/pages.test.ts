import { existsSync } from "node:fs";

import { expect, it } from "vitest";

import apiPaths from "../../api-paths.json";
import { PAGES, withoutFonts } from "../../tools/developers";

it("has the source of each page, at a path that the service worker leaves alone", () => {
  for (const [path, file] of Object.entries(PAGES)) {
    expect(existsSync(`.${file}`), file).toBe(true);
    expect(apiPaths.some((each) => path === each || path.startsWith(`${each}/`)), path).toBe(true);
  }
});

it("leaves out the fonts of GraphiQL and nothing else", () => {
  const { transform } = withoutFonts() as unknown as {
    transform: (code: string, id: string) => { code: string } | undefined;
  };
  const code = "@font-face {\n font-family: Roboto; src: url(data:font/woff2;base64,AA==) }\n.a { color: red }";
  expect(transform(code, "/node_modules/graphiql/dist/style.css")?.code.trim()).toBe(".a { color: red }");
  expect(transform(code, "/src/design/reset.css")).toBeUndefined();
});
