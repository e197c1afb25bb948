import { expect, it } from "vitest";

import { MAX_ZOOM, WHOLE, areaOf, moved, outputSize, zoomed } from "./crop";

const wide = { width: 400, height: 200 };

it("keeps the largest part with the wanted shape, from the middle", () => {
  expect(areaOf(wide, 1, WHOLE)).toEqual({ width: 200, height: 200, left: 100, top: 0 });
  expect(areaOf({ width: 300, height: 400 }, 3, WHOLE)).toEqual({ width: 300, height: 100, left: 0, top: 150 });
});

it("zooms around the middle, and within its limits", () => {
  const crop = zoomed(wide, 1, WHOLE, 2);
  expect(areaOf(wide, 1, crop)).toEqual({ width: 100, height: 100, left: 150, top: 50 });
  expect(zoomed(wide, 1, WHOLE, 100).zoom).toBe(MAX_ZOOM);
  expect(zoomed(wide, 1, crop, 0.1)).toEqual(WHOLE);
});

it("moves no further than the picture reaches", () => {
  expect(areaOf(wide, 1, moved(wide, 1, WHOLE, 30, 50))).toEqual({ width: 200, height: 200, left: 130, top: 0 });
  expect(moved(wide, 1, WHOLE, -1000, 0).x).toBe(0);
  expect(moved(wide, 1, WHOLE, 1000, 0).x).toBe(1);
});

it("never enlarges a picture", () => {
  expect(outputSize({ width: 200, height: 200 }, 800)).toEqual({ width: 200, height: 200 });
  expect(outputSize({ width: 3000, height: 1000 }, 1500)).toEqual({ width: 1500, height: 500 });
});
