import { expect, it } from "vitest";

import { differences } from "./differences";

const written = (older: string, newer: string) =>
  differences(older, newer)
    .map(({ text, change }) => ({ kept: text, added: `[+${text}]`, removed: `[-${text}]` })[change])
    .join("");

it("marks words that were added, removed and replaced", () => {
  expect(written("Good morning", "Good morning all")).toBe("Good morning[+ all]");
  expect(written("Good morning all", "Good all")).toBe("Good [-morning ]all");
  expect(written("a red house", "a blue house")).toBe("a [-red][+blue] house");
});

it("keeps a mention and a hashtag in one piece", () => {
  expect(written("Hi @bob #one", "Hi @ada #two")).toBe("Hi [-@bob][+@ada] [-#one][+#two]");
});

it("finds the words of scripts without spaces", () => {
  expect(written("猫が好きです", "犬が好きです")).toBe("[-猫][+犬]が好きです");
});

it("keeps every word of both texts", () => {
  const older = "One two three four.";
  const newer = "Zero two four five.\nSix";
  const pieces = differences(older, newer);
  const of = (dropped: string) => pieces.filter(({ change }) => change !== dropped).map(({ text }) => text).join("");
  expect(of("added")).toBe(older);
  expect(of("removed")).toBe(newer);
});

it("marks nothing where nothing changed", () => {
  expect(differences("Same", "Same")).toEqual([{ text: "Same", change: "kept" }]);
  expect(differences("", "")).toEqual([]);
});
