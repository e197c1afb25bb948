import { expect, it } from "vitest";

import { limits } from "../../test/media";
import { acceptedTypes, canCombine, contentTypeOf, sortFiles } from "./attachments";

const file = (name: string, type: string, size = 10) => new File(["x".repeat(size)], name, { type });

it("takes four pictures, and no fifth", () => {
  const files = [1, 2, 3, 4, 5].map((number) => file(`${number}.png`, "image/png"));
  const { accepted, refusals } = sortFiles(files, [], limits.media);
  expect(accepted.map(({ name }) => name)).toEqual(["1.png", "2.png", "3.png", "4.png"]);
  expect(refusals).toEqual([{ name: "5.png", reason: "MEDIA_COMBINATION_NOT_ALLOWED" }]);
});

it("takes no video besides a picture", () => {
  const { refusals } = sortFiles([file("a.mp4", "video/mp4")], ["picture"], limits.media);
  expect(refusals[0]?.reason).toBe("MEDIA_COMBINATION_NOT_ALLOWED");
});

it("names the limit of a file that is too large, and refuses what is empty or of another type", () => {
  const files = [file("a.png", "image/png", 2001), file("b.exe", "application/x-msdownload"), file("c.png", "image/png", 0)];
  const { accepted, refusals } = sortFiles(files, [], limits.media);
  expect(accepted).toEqual([]);
  expect(refusals).toEqual([
    { name: "a.png", reason: "MEDIA_TOO_LARGE", maxBytes: 2000 },
    { name: "b.exe", reason: "MEDIA_TYPE_NOT_ALLOWED" },
    { name: "c.png", reason: "MEDIA_TYPE_NOT_ALLOWED" },
  ]);
});

it("finds the type by the end of the name where the browser has none", () => {
  expect(contentTypeOf(file("a.HEIC", ""))).toBe("image/heic");
  expect(contentTypeOf(file("a.unknown", ""))).toBe("");
});

it("offers each type once", () => {
  expect(acceptedTypes(limits.media)).toBe("image/jpeg,image/png,image/gif,video/mp4,audio/mpeg");
});

it("combines an animation with nothing", () => {
  expect(canCombine(["animation"], limits.media)).toBe(true);
  expect(canCombine(["animation", "picture"], limits.media)).toBe(false);
});
