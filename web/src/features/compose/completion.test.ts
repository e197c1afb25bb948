import { expect, it } from "vitest";

import { ada } from "../../test/examples";
import { complete, wordAt } from "./completion";

const user = { type: "user" as const, user: ada };

it("finds the word before the caret, also in the middle of a text", () => {
  expect(wordAt("Hello @ad and more", 9)).toEqual({ query: "@ad", start: 6, end: 9 });
  expect(wordAt("@adfoo", 3)).toEqual({ query: "@ad", start: 0, end: 6 });
  expect(wordAt("(#اختبار", 8)).toEqual({ query: "#اختبار", start: 1, end: 8 });
  expect(wordAt("見て #テスト", 7)).toEqual({ query: "#テスト", start: 3, end: 7 });
});

it("finds nothing in addresses, behind a space, or after a sign alone", () => {
  expect(wordAt("ada@example", 11)).toBeUndefined();
  expect(wordAt("https://x.test/#part", 20)).toBeUndefined();
  expect(wordAt("@ada ", 5)).toBeUndefined();
  expect(wordAt("@", 1)).toBeUndefined();
  expect(wordAt("Hello", 5)).toBeUndefined();
});

it("puts a suggestion in place of the word, with one space after it", () => {
  expect(complete("Hi @ad", { query: "@ad", start: 3, end: 6 }, user)).toEqual({ text: "Hi @ada ", caret: 8 });
  expect(complete("Hi @adx you", { query: "@ad", start: 3, end: 7 }, user)).toEqual({ text: "Hi @ada you", caret: 8 });
});
