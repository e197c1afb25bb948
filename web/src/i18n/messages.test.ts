import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { TYPE, type MessageFormatElement, parse } from "@formatjs/icu-messageformat-parser";
import { describe, expect, it } from "vitest";

import { messageFolders, readMessages } from "../../tools/messages";
import { LANGUAGES } from "./languages";

const SOURCE = join(import.meta.dirname, "..");
const folders = messageFolders(SOURCE);
const others = Object.keys(LANGUAGES).filter((language) => language !== "en");

/** The names of the values and elements that a message takes. */
function parameters(elements: MessageFormatElement[], found = new Set<string>()): Set<string> {
  for (const element of elements) {
    if (element.type === TYPE.literal || element.type === TYPE.pound) continue;
    found.add(element.value);
    if (element.type === TYPE.tag) parameters(element.children, found);
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      for (const option of Object.values(element.options)) parameters(option.value, found);
    }
  }
  return found;
}

function plurals(elements: MessageFormatElement[]): string[][] {
  return elements.flatMap((element) => {
    if (element.type === TYPE.tag) return plurals(element.children);
    if (element.type !== TYPE.plural && element.type !== TYPE.select) return [];
    const inside = Object.values(element.options).flatMap((option) => plurals(option.value));
    return element.type === TYPE.plural ? [Object.keys(element.options), ...inside] : inside;
  });
}

const sources = globSync("**/*.{ts,tsx}", { cwd: SOURCE })
  .filter((name) => !/\.test\.tsx?$/.test(name))
  .map((name) => readFileSync(join(SOURCE, name), "utf8"))
  .join("\n");

/** Whether the sources name a key: whole, or by a template such as `posts.tab_${tab}`. */
function isNamed(key: string): boolean {
  const templates = sources.matchAll(/`([a-z]+\.\w*)\$\{[^}]*\}(\w*)`/g);
  return (
    sources.includes(`"${key}"`) ||
    Array.from(templates).some(([, start = "", end = ""]) => key.startsWith(start) && key.endsWith(end))
  );
}

describe("every message is used", () => {
  const keys = folders.flatMap((folder) => Object.keys(readMessages(folder, "en")));

  it("by the sources", () => {
    expect(keys.filter((key) => !isNamed(key))).toEqual([]);
  });

  it("for a problem that exists", () => {
    const document = readFileSync(join(SOURCE, "..", "openapi.json"), "utf8");
    const reasons = keys.filter((key) => /^problem\.[A-Z]/.test(key)).map((key) => key.replace("problem.", ""));
    const known = (reason: string) => document.includes(`"${reason}"`) || sources.includes(`"${reason}"`);
    expect(reasons.filter((reason) => !known(reason))).toEqual([]);
  });
});

describe.each(folders.map((folder) => [folder.slice(SOURCE.length + 1), folder]))("%s", (name, folder) => {
  const english = readMessages(folder, "en");

  it("has keys that begin with the name of its folder", () => {
    const feature = name.split("/")[1] ?? "";
    const prefixes = feature === "messages" ? ["common.", "problem."] : [`${feature}.`];
    const strangers = Object.keys(english).filter(
      (key) => !prefixes.some((prefix) => key.startsWith(prefix)),
    );
    expect(strangers).toEqual([]);
  });

  it.each(others)("has every key in %s", (language) => {
    expect(Object.keys(readMessages(folder, language)).sort()).toEqual(Object.keys(english).sort());
  });

  it.each(others)("takes the same values in %s", (language) => {
    for (const [key, message] of Object.entries(readMessages(folder, language))) {
      const wanted = parameters(parse(english[key] ?? ""));
      expect([key, [...parameters(parse(message))].sort()]).toEqual([key, [...wanted].sort()]);
    }
  });

  it.each(Object.keys(LANGUAGES))("has every plural form of %s", (language) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(readMessages(folder, language))) {
      for (const options of plurals(parse(message))) {
        const exact = options.filter((option) => option.startsWith("=")).map((option) => option.slice(1));
        const spared = exact.map((value) => new Intl.PluralRules(language).select(Number(value)));
        const missing = forms.filter((form) => !options.includes(form) && !spared.includes(form));
        expect([key, missing]).toEqual([key, []]);
      }
    }
  });
});
