import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { SearchField } from "./SearchField";
import { searchField } from "./field";
import { forgetSearches, recentSearches, rememberSearch } from "./recent";

const server = answers();

const SUGGESTIONS = {
  items: [
    { type: "user", user: ada },
    { type: "hashtag", hashtag: { tag: "adagio", posts_count: 5, authors_count: 3, history: [] } },
  ],
};

beforeEach(() => {
  forgetSearches();
  server.on("GET /v2/search/typeahead", SUGGESTIONS);
});

const field = () => screen.findByRole<HTMLInputElement>("combobox", { name: "Search" });
const options = () => screen.queryAllByRole("option");
const typed = () => server.sent.map(({ search }) => search.get("q"));

/** The option that the field names as the active one. */
function active(input: HTMLElement): string | null | undefined {
  const id = input.getAttribute("aria-activedescendant");
  return id ? document.getElementById(id)?.textContent : undefined;
}

it("suggests people and hashtags once the typing pauses, and opens one by keys", async () => {
  const page = await renderPage(<SearchField />);
  const input = await field();
  await userEvent.type(input, "ada");
  await screen.findByRole("option", { name: /Ada/ });
  expect(typed()).toEqual(["ada"]);
  expect(input.getAttribute("aria-expanded")).toBe("true");
  // The letter of the picture stands before the name.
  expect(options().map((option) => option.textContent)).toEqual(["ada", "AAda @ada", "#adagio3 people in 7 days"]);

  await userEvent.keyboard("{ArrowDown}{ArrowDown}");
  expect(active(input)).toBe("AAda @ada");
  expect(document.activeElement).toBe(input);
  await userEvent.keyboard("{ArrowDown}");
  expect(active(input)).toContain("#adagio");
  await userEvent.keyboard("{ArrowUp}{Enter}");

  await waitFor(() => expect(page.address()).toBe("/@ada"));
});

it("searches for the text by Enter, and remembers it", async () => {
  const page = await renderPage(<SearchField tab="latest" />);
  await userEvent.type(await field(), "  heron from:bob {Enter}");
  await waitFor(() => expect(page.address()).toContain("/search?"));
  expect(new URLSearchParams(page.address().split("?")[1]).get("q")).toBe("heron from:bob");
  expect(page.address()).toContain("tab=latest");
  expect(recentSearches()).toEqual(["heron from:bob"]);
});

it("completes the handle of an operator in the query", async () => {
  await renderPage(<SearchField />);
  const input = await field();
  await userEvent.type(input, "heron from:ad");
  await screen.findByRole("option", { name: /Ada/ });
  expect(typed().at(-1)).toBe("@ad");
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(input.value).toBe("heron from:ada ");
  expect(input.selectionStart).toBe(input.value.length);
});

it("offers recent searches, and removes them one by one or all", async () => {
  for (const query of ["owl", "heron", "wren"]) rememberSearch(query);
  await renderPage(<SearchField />);
  const input = await field();
  await userEvent.click(input);
  expect(options().map((option) => option.textContent)).toEqual(["wren", "heron", "owl"]);

  await userEvent.keyboard("{ArrowDown}{Delete}");
  expect(options().map((option) => option.textContent)).toEqual(["heron", "owl"]);
  await userEvent.click(screen.getByTitle("Remove “owl”"));
  expect(recentSearches()).toEqual(["heron"]);

  await userEvent.click(screen.getByRole("button", { name: "Clear all" }));
  expect(options()).toEqual([]);
  expect(localStorage.getItem("roost.searches")).toBeNull();
});

it("keeps recent searches of another user away", async () => {
  rememberSearch("of a stranger");
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  await session.signIn("ada", "a long pass phrase");
  expect(recentSearches()).toEqual([]);
  rememberSearch("of ada");

  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  await session.signOut();
  expect(recentSearches()).toEqual([]);
});

it("closes the suggestions by Escape, then returns the focus to where it was", async () => {
  await renderPage(
    <>
      <button type="button">Before</button>
      <SearchField />
    </>,
  );
  const before = await screen.findByRole("button", { name: "Before" });
  before.focus();
  searchField()?.focus();
  const input = await field();
  expect(document.activeElement).toBe(input);
  await userEvent.type(input, "ada");
  await screen.findByRole("option", { name: /Ada/ });

  await userEvent.keyboard("{Escape}");
  expect(input.getAttribute("aria-expanded")).toBe("false");
  expect(input.value).toBe("ada");
  await userEvent.keyboard("{Escape}");
  expect(document.activeElement).toBe(before);
});

it("searches also where suggestions cannot be read", async () => {
  server.on("GET /v2/search/typeahead", () => problem(503, "DEPENDENCY_UNAVAILABLE"));
  const page = await renderPage(<SearchField />);
  await userEvent.type(await field(), "ada");
  await waitFor(() => expect(typed()).toEqual(["ada"]));
  expect(options().map((option) => option.textContent)).toEqual(["ada"]);
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(page.address()).toBe("/search?q=ada"));
});

it("writes an operator into the query, from below the field and from the help", async () => {
  await renderPage(<SearchField />);
  const input = await field();
  await userEvent.type(input, "heron");
  await userEvent.click(screen.getByRole("button", { name: /^has:media/ }));
  expect(input.value).toBe("heron has:media ");

  await userEvent.click(screen.getByRole("button", { name: "All operators" }));
  await userEvent.click(screen.getByRole("button", { name: /lang:ja/ }));
  expect(input.value).toBe("heron has:media lang:");
  expect(document.activeElement).toBe(input);
});
