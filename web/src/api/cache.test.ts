import { beforeEach, expect, it } from "vitest";

import { ada, hello } from "../test/examples";
import { hidePost, patchPost, patchUser, queryClient, removePost } from "./cache";
import type { Post } from "./client";

const other: Post = { ...hello, id: "20", quoted_post_id: "10", quoted_post: hello };

beforeEach(() => {
  queryClient.clear();
  queryClient.setQueryData(["list"], { pages: [{ items: [hello, other], next_cursor: null }], pageParams: [undefined] });
  queryClient.setQueryData(["thread"], { ancestors: [], post: hello });
});

it("changes a post in every list that shows it, also where it is quoted", () => {
  patchPost("10", (post) => ({ ...post, counts: { ...post.counts, likes: 5 } }));

  const list = queryClient.getQueryData<{ pages: { items: Post[] }[] }>(["list"]);
  expect(list?.pages[0]?.items[0]?.counts.likes).toBe(5);
  expect(list?.pages[0]?.items[1]?.quoted_post?.counts.likes).toBe(5);
  expect(queryClient.getQueryData<{ post: Post }>(["thread"])?.post.counts.likes).toBe(5);
});

it("keeps the identity of what did not change", () => {
  const before = queryClient.getQueryData(["list"]);
  patchPost("99", (post) => ({ ...post, deleted: true }));
  expect(queryClient.getQueryData(["list"])).toBe(before);
});

it("changes a user wherever they wrote", () => {
  patchUser(ada.id, (user) => ({ ...user, display_name: "Countess" }));
  const list = queryClient.getQueryData<{ pages: { items: Post[] }[] }>(["list"]);
  expect(list?.pages[0]?.items.map((post) => post.author?.display_name)).toEqual(["Countess", "Countess"]);
});

it("removes a deleted post from lists, and marks it where it stands alone", () => {
  removePost("10");
  const list = queryClient.getQueryData<{ pages: { items: Post[] }[] }>(["list"]);
  expect(list?.pages[0]?.items.map((post) => post.id)).toEqual(["20"]);
  expect(list?.pages[0]?.items[0]?.quoted_post?.deleted).toBe(true);
  expect(queryClient.getQueryData<{ post: Post }>(["thread"])?.post.deleted).toBe(true);
});

it("brings a hidden post back to its place, also where it stands alone", () => {
  const before = [queryClient.getQueryData(["list"]), queryClient.getQueryData(["thread"])];
  const { restore } = hidePost("10");
  expect(queryClient.getQueryData<{ post: Post }>(["thread"])?.post.deleted).toBe(true);
  restore();
  expect([queryClient.getQueryData(["list"]), queryClient.getQueryData(["thread"])]).toEqual(before);
});

it("reads a list again that changed while the post was hidden", () => {
  const { restore } = hidePost("10");
  patchPost("20", (post) => ({ ...post, counts: { ...post.counts, likes: 9 } }));
  restore();
  expect(queryClient.getQueryState(["list"])?.isInvalidated).toBe(true);
  expect(queryClient.getQueryState(["thread"])?.isInvalidated).toBe(false);
});

it("hides a post also where it is read later, until that ends", () => {
  const { end } = hidePost("10");
  queryClient.setQueryData(["profile"], { items: [hello, other] });
  const profile = () => queryClient.getQueryData<{ items: Post[] }>(["profile"])?.items.map((post) => post.id);
  expect(profile()).toEqual(["20"]);
  end();
  queryClient.setQueryData(["profile"], { items: [hello, other] });
  expect(profile()).toEqual(["10", "20"]);
});
