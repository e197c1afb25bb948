import { afterEach, expect, it } from "vitest";

import { forgetPlaces, keepPlace, keptPlace } from "./places";

const place = { key: "7", offset: -12, sizes: [["9", 100], ["8", 80], ["7", 120]] } as const;

afterEach(() => localStorage.clear());

it("keeps the place of each list", () => {
  keepPlace("home", place);

  expect(keptPlace("home")).toEqual(place);
  expect(keptPlace("other")).toBeUndefined();
});

it("keeps nothing at the beginning of a list", () => {
  keepPlace("home", place);
  keepPlace("home", undefined);

  expect(keptPlace("home")).toBeUndefined();
});

it("forgets places, and nothing else, after signing out", () => {
  localStorage.setItem("roost.theme", "dark");
  keepPlace("home", place);
  forgetPlaces();

  expect(keptPlace("home")).toBeUndefined();
  expect(localStorage.getItem("roost.theme")).toBe("dark");
});
