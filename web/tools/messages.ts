/**
 * Brings the messages of all features into one module a language: `virtual:messages/de`.
 *
 * A feature has `messages/en.json` and one file a further language. Messages are parsed at build
 * time, so that no parser has to be loaded.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { parse } from "@formatjs/icu-messageformat-parser";
import type { Plugin } from "vite";

const PREFIX = "virtual:messages/";

/** The folders that hold messages: one a feature, and `i18n`. */
export function messageFolders(source: string): string[] {
  const features = join(source, "features");
  return [
    join(source, "i18n", "messages"),
    ...readdirSync(features)
      .sort()
      .map((feature) => join(features, feature, "messages")),
  ];
}

/** The messages of one language in one folder; none where the folder has no such file. */
export function readMessages(folder: string, language: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(join(folder, `${language}.json`), "utf8");
  } catch {
    return {};
  }
  return JSON.parse(text) as Record<string, string>;
}

export function messages(source: string): Plugin {
  return {
    name: "roost-messages",
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const language = id.slice(PREFIX.length + 1);
      const compiled: Record<string, unknown> = {};
      for (const folder of messageFolders(source)) {
        this.addWatchFile(join(folder, `${language}.json`));
        for (const [key, message] of Object.entries(readMessages(folder, language))) {
          compiled[key] = parse(message, { captureLocation: false });
        }
      }
      return `export default ${JSON.stringify(compiled)};`;
    },
  };
}
