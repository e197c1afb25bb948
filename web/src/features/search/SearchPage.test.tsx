import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { hello, ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { faultIn } from "./QueryFault";
import { SearchPage } from "./SearchPage";

const server = answers();

const show = (query: string) => renderPage(<SearchPage />, { at: `/search?${query}` });

const found = {
  items: [{ post: hello, matches: { revision: 1, ranges: [{ start: 0, end: 5, medium_id: null }] } }],
  next_cursor: null,
};

it("shows the best posts with the parts that match", async () => {
  server.on("GET /v2/search/posts", found);
  await show("q=hello");
  const part = await screen.findByText("Hello");
  expect(part.tagName).toBe("MARK");
  expect(server.sent.map(({ search }) => [search.get("q"), search.get("order")])).toEqual([["hello", "top"]]);
  expect(document.title).toBe("Search: hello · Roost");
});

it("marks nothing in a post that was edited since it was found", async () => {
  server.on("GET /v2/search/posts", {
    ...found,
    items: [{ post: { ...hello, revision: 2 }, matches: found.items[0]?.matches }],
  });
  await show("q=hello");
  await screen.findByText("Ada");
  expect(document.querySelector("mark")).toBeNull();
});

it("shows the newest posts, people and hashtags, each under an address of its own", async () => {
  server.on("GET /v2/search/posts", found);
  const latest = await show("q=hello&tab=latest");
  await screen.findByText("Hello");
  expect(server.sent[0]?.search.get("order")).toBe("latest");
  latest.unmount();

  server.on("GET /v2/search/users", { items: [{ user: ada, matched_field: "handle" }], next_cursor: null });
  const people = await show("q=ada&tab=people");
  await screen.findByRole("link", { name: /@ada/ });
  people.unmount();

  const use = { tag: "adagio", posts_count: 5, authors_count: 1, history: [] };
  server.on("GET /v2/search/hashtags", { items: [use], next_cursor: null });
  await show("q=ada&tab=hashtags");
  expect((await screen.findByRole("link", { name: "#adagio" })).getAttribute("href")).toBe("/tags/adagio");
  screen.getByText("1 person in 7 days");
});

it("says where the query goes wrong, in the words of the API, and leads there", async () => {
  server.on("GET /v2/search/posts", () =>
    Response.json(
      {
        type: "/problems/QUERY_INVALID",
        title: "Query invalid",
        status: 400,
        detail: "The query has a fault at column 8: expected the handle of an existing user.",
        reason: "QUERY_INVALID",
        metadata: { column: "8", token: "nobody", expected: "the handle of an existing user" },
      },
      { status: 400 },
    ),
  );
  await show(`q=${encodeURIComponent("👋 from:nobody x")}`);
  const alert = await screen.findByRole("alert");
  expect(alert.querySelector("mark")?.textContent).toBe("nobody");
  expect(alert.textContent).toContain("At column 8: expected the handle of an existing user.");

  await userEvent.click(screen.getByRole("button", { name: "Go to this place" }));
  const input = screen.getByRole<HTMLInputElement>("combobox");
  expect(document.activeElement).toBe(input);
  expect(input.value.slice(input.selectionStart ?? 0, input.selectionEnd ?? 0)).toBe("nobody");
});

it("marks the place of a fault by code points, also at the end", () => {
  expect(faultIn("👋👋 -", 4, "-")).toEqual({ before: "👋👋 ", fault: "-", after: "" });
  expect(faultIn("heron", 6, "")).toEqual({ before: "heron", fault: " ", after: "" });
});

it("leads a stranger to sign in where the query is about the user", async () => {
  server.on("GET /v2/search/posts", () => problem(401, "TOKEN_MISSING"));
  await show("q=in:bookmarks");
  const links = await screen.findAllByRole("link", { name: "Sign in" });
  expect(links.at(-1)?.getAttribute("href")).toContain(encodeURIComponent("/search?q=in%3Abookmarks"));
});

it("says that nothing was found", async () => {
  server.on("GET /v2/search/posts", { items: [], next_cursor: null });
  await show("q=nothing");
  await screen.findByText("No posts found");
});

it("says why the search failed, and repeats it", async () => {
  server.on("GET /v2/search/posts", () => problem(422, "QUERY_TOO_COSTLY"));
  await show("q=long");
  await screen.findByText("The search is too long, or has too many parts.");
  server.on("GET /v2/search/posts", found);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.getByText("Hello")).toBeTruthy());
});

it("reads nothing without a query", async () => {
  await show("");
  await screen.findByText("What are you looking for?");
  expect(server.sent).toEqual([]);
});
