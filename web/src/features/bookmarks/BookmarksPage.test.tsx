import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { it } from "vitest";

import { hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { BookmarksPage } from "./BookmarksPage";

const server = answers();

it("lists the posts that the user keeps", async () => {
  server.on("GET /v2/bookmarks", { items: [hello], next_cursor: null });
  await renderPage(<BookmarksPage />);
  await screen.findByText("#roost");
});

it("says what an empty list is for", async () => {
  server.on("GET /v2/bookmarks", { items: [], next_cursor: null });
  await renderPage(<BookmarksPage />);
  await screen.findByRole("heading", { name: "No bookmarks yet" });
});

it("offers to read again what could not be read", async () => {
  server.on("GET /v2/bookmarks", () => problem(404, "USER_NOT_FOUND"));
  await renderPage(<BookmarksPage />);
  const again = await screen.findByRole("button", { name: "Try again" });
  server.on("GET /v2/bookmarks", { items: [hello], next_cursor: null });
  await userEvent.click(again);
  await screen.findByText("#roost");
});
