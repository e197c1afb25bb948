import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import type { Post, TimelineItem } from "../../api/client";
import type { PagedList } from "../../api/pages";
import { NO_RELATIONSHIP, hello, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { PostList } from "./PostList";

const server = answers();
const bob = person("2", "bob");
const carol = person("3", "carol");

const post = (id: string, author: Post["author"], text: string): Post => ({
  ...hello,
  id,
  conversation_id: id,
  author,
  content: [{ type: "text", text }],
});
const birds = post("10", bob, "Birds at the lake");
const trains = post("11", carol, "Trains at night");
const quoting: Post = { ...post("12", carol, "Look at this"), quoted_post_id: "10", quoted_post: birds };

const timeline: PagedList<TimelineItem> = {
  key: ["timelines", "home", "latest"],
  read: () =>
    Promise.resolve({
      items: [
        { id: "20", post: birds, reposted_by: null },
        { id: "21", post: trains, reposted_by: null },
        { id: "22", post: { ...trains, id: "13", content: [{ type: "text", text: "Seen by Bob" }] }, reposted_by: bob },
      ] as TimelineItem[],
      next_cursor: null,
    }),
};
const bookmarks: PagedList<Post> = {
  key: ["bookmarks"],
  read: () => Promise.resolve({ items: [birds, quoting], next_cursor: null }),
};

const renderLists = () =>
  renderPage(
    <>
      <section aria-label="one">
        <PostList label="Home" list={timeline} empty={null} withMuted={false} />
      </section>
      <section aria-label="two">
        <PostList label="Bookmarks" list={bookmarks} empty={null} />
      </section>
    </>,
  );

/** Chooses an item of the menu of Bob's first post. */
async function choose(item: string) {
  await waitFor(() => expect(screen.getAllByText("Birds at the lake").length).toBeGreaterThan(1));
  await userEvent.click(screen.getAllByRole("button", { name: "More" })[0]!);
  await userEvent.click(screen.getByRole("menuitem", { name: item, hidden: true }));
}

const shown = (text: string) => screen.queryAllByText(text).length;

beforeEach(() => signInAsAda(server));

it("takes the posts of a blocked author out of every list before the server answers, and offers to undo it", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PUT /v2/users/2/block", () => new Promise((resolve) => (answer = resolve)));
  server.on("DELETE /v2/users/2/block", { ...NO_RELATIONSHIP, user_id: "2" });
  await renderLists();

  await choose("Block @bob");
  await userEvent.click(screen.getByRole("button", { name: "Block" }));

  await waitFor(() => expect(shown("Birds at the lake")).toBe(0));
  expect(shown("Seen by Bob")).toBe(0);
  expect(shown("Trains at night")).toBe(1);
  // Who quotes the author stays; the quoted post goes.
  screen.getByText("Look at this");
  screen.getByText("The quoted post is not available.");

  answer(Response.json({ ...NO_RELATIONSHIP, user_id: "2", blocking: true }));
  await screen.findByText("You block @bob.");
  await userEvent.click(screen.getByText("Undo"));
  await waitFor(() => expect(shown("Birds at the lake")).toBe(3));
});

it("puts the posts back where they were when the block is refused", async () => {
  server.on("PUT /v2/users/2/block", () => problem(404, "USER_NOT_FOUND"));
  await renderLists();

  await choose("Block @bob");
  await userEvent.click(screen.getByRole("button", { name: "Block" }));

  await screen.findByText(/Could not block\. There is no such user/);
  expect(shown("Birds at the lake")).toBe(3);
  expect(shown("Seen by Bob")).toBe(1);
  expect(screen.queryByText("You block @bob.")).toBeNull();
});

it("takes a muted author off the timelines only", async () => {
  server.on("PUT /v2/users/2/mute", { ...NO_RELATIONSHIP, user_id: "2", muting: true });
  server.on("DELETE /v2/users/2/mute", { ...NO_RELATIONSHIP, user_id: "2" });
  await renderLists();

  await choose("Mute @bob");

  await screen.findByText("You mute @bob.");
  expect(shown("Birds at the lake")).toBe(2);
  expect(shown("Seen by Bob")).toBe(0);
  await userEvent.click(screen.getByText("Undo"));
  await waitFor(() => expect(shown("Seen by Bob")).toBe(1));
});

it("puts the posts back when the mute is refused", async () => {
  server.on("PUT /v2/users/2/mute", () => problem(404, "USER_NOT_FOUND"));
  await renderLists();

  await choose("Mute @bob");

  await screen.findByText(/Could not mute\. There is no such user/);
  expect(shown("Seen by Bob")).toBe(1);
});

it("asks before it blocks", async () => {
  await renderLists();
  await choose("Block @bob");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  expect(shown("Birds at the lake")).toBe(3);
  expect(server.sent.filter(({ method }) => method === "PUT")).toEqual([]);
});
