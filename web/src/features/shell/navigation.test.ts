import { expect, it } from "vitest";

import { ada } from "../../test/examples";
import { MAX_BOTTOM, type NavigationItem, forNarrow, navigationFor } from "./navigation";

it("has a key of its own for every page", () => {
  const keys = navigationFor(ada, true).map((item) => item.key);
  expect(new Set(keys).size).toBe(keys.length);
});

it("wants no more pages at the bottom than fit", () => {
  expect(navigationFor(ada, true).filter((item) => item.bottom).length).toBeLessThanOrEqual(MAX_BOTTOM);
});

it("has every page on narrow screens: in the bar or in the menu", () => {
  const items = navigationFor(ada, true);
  const { bar, menu } = forNarrow(items);
  expect(new Set([...bar, ...menu])).toEqual(new Set(items));
});

it("moves pages that do not fit into the bar to the menu", () => {
  const [home] = navigationFor(undefined, false) as [NavigationItem];
  const items = Array.from({ length: 8 }, (_, index) => ({ ...home, key: `${index}`, bottom: index !== 1 }));
  const { bar, menu } = forNarrow(items);
  expect(bar.map((item) => item.key)).toEqual(["0", "2", "3", "4", "5"]);
  expect(menu.map((item) => item.key)).toEqual(["1", "6", "7"]);
});

it("lists follow requests for a protected account only", () => {
  const labels = (isProtected: boolean) =>
    navigationFor({ ...ada, protected: isProtected }, true).map((item) => item.label);
  expect(labels(true)).toContain("users.requests_short");
  expect(labels(false)).not.toContain("users.requests_short");
});
