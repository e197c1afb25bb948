import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import type { Post, Schemas } from "../../api/client";
import { hello } from "../../test/examples";
import { heron } from "../../test/media";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { EditedMark } from "./EditedMark";

const server = answers();
const EDITED = "2026-01-02T10:00:00.000Z";
const edited: Post = { ...hello, edited_at: EDITED, revision: 2 };
const version = (revision: number, text: string, media: Post["media"] = []): Schemas["Revision"] => ({
  revision,
  content: [{ type: "text", text }],
  media,
  created_at: EDITED,
});

async function openVersions(): Promise<void> {
  await renderPage(<EditedMark post={edited} editedAt={EDITED} />);
  await userEvent.click(await screen.findByRole("button", { name: /edited/ }));
}

it("shows the versions, and what changed between them", async () => {
  server.on("GET /v2/posts/10/revisions", {
    items: [version(2, "Good evening all"), version(1, "Good morning all", [heron])],
    next_cursor: null,
  });
  await openVersions();
  await screen.findByText("Current version");
  const [newest, first] = screen.getAllByRole("listitem").filter((item) => item.querySelector("h3"));
  expect(newest?.querySelector("ins")?.textContent).toBe("Added: evening");
  expect(newest?.querySelector("del")?.textContent).toBe("Removed: morning");
  within(newest as HTMLElement).getByText("Removed");
  expect(first?.textContent).toContain("First version");
  expect(first?.querySelector("ins, del")).toBeNull();
});

it("reads older versions on request", async () => {
  server.on("GET /v2/posts/10/revisions", ({ search }) =>
    Response.json(
      search.get("cursor")
        ? { items: [version(1, "One")], next_cursor: null }
        : { items: [version(2, "Two")], next_cursor: "older" },
    ),
  );
  await openVersions();
  await userEvent.click(await screen.findByRole("button", { name: "Show older versions" }));
  await screen.findByText("First version");
  expect(screen.getByText("Current version").closest("li")?.querySelector("ins")?.textContent).toBe("Added: Two");
});

it("says so where the versions cannot be read, and tries again", async () => {
  server.on("GET /v2/posts/10/revisions", () => problem(404, "POST_NOT_FOUND"));
  await openVersions();
  await screen.findByText(/This post is gone/);
  server.on("GET /v2/posts/10/revisions", { items: [version(1, "One")], next_cursor: null });
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("First version");
});
