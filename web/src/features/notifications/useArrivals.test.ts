import { expect, it } from "vitest";

import { itemsOf, type Pages } from "../../api/pages";
import type { Notification } from "./queries";
import { withNewest } from "./useArrivals";

const item = (id: string) => ({ id }) as Notification;
const list: Pages<Notification> = {
  pages: [
    { items: [item("30"), item("20")], next_cursor: "a" },
    { items: [item("9"), item("8")], next_cursor: "b" },
  ],
  pageParams: [undefined, "a"],
};
const ids = (pages: Pages<Notification>) => itemsOf(pages).map(({ id }) => id);

it("has the beginning as the server has it, and what was read below", () => {
  const after = withNewest(list, [item("100"), item("20")], "cursor", true, new Set(["8"]));
  expect(ids(after)).toEqual(["100", "20", "9"]);
  expect(after.pages.at(-1)?.next_cursor).toBe("b");
});

it("begins a new list where a gap would be", () => {
  const after = withNewest(list, [item("100"), item("99")], "cursor", false, new Set());
  expect(ids(after)).toEqual(["100", "99"]);
  expect(after.pages.at(-1)?.next_cursor).toBe("cursor");
});

it("ends where the server's list ends", () => {
  const after = withNewest(list, [item("100")], undefined, true, new Set());
  expect(ids(after)).toEqual(["100"]);
  expect(after.pages.at(-1)?.next_cursor).toBeNull();
});
