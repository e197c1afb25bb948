import { expect, it } from "vitest";

import type { TimelineItem } from "../../api/client";
import { type Pages, itemsOf } from "../../api/pages";
import { hello } from "../../test/examples";
import { merged } from "./useNewer";

const item = (id: string): TimelineItem => ({ id, post: { ...hello, id }, reposted_by: null });
const list: Pages<TimelineItem> = {
  pages: [{ items: [item("3"), item("2")], next_cursor: "older" }],
  pageParams: [undefined],
};
const ids = (pages: Pages<TimelineItem>) => itemsOf(pages).map(({ id }) => id);

it("puts newer entries above those that were read", () => {
  const after = merged(list, [item("5"), item("4")], "cursor", true);
  expect(ids(after)).toEqual(["5", "4", "3", "2"]);
  expect(after.pages.at(-1)?.next_cursor).toBe("older");
});

it("begins a new list where a gap would be between newer entries and the others", () => {
  const after = merged(list, [item("900"), item("899")], "cursor", false);
  expect(ids(after)).toEqual(["900", "899"]);
  expect(after.pages.at(-1)?.next_cursor).toBe("cursor");
});
