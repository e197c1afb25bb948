import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { answers, problem } from "../test/server";
import { ProblemsPage } from "./ProblemsPage";

const server = answers();
const reasons = () => screen.getAllByRole("link").map((link) => link.textContent);

beforeEach(() => {
  server.on("GET /v2/openapi.json", {
    "x-problems": {
      POST_NOT_FOUND: { status: 404, title: "Post not found" },
      HANDLE_TAKEN: { status: 409, title: "Handle taken" },
      MEDIA_NOT_FOUND: { status: 404, title: "Media not found" },
    },
  });
});

afterEach(() => {
  location.hash = "";
});

it("lists the problems of the document by status and reason", async () => {
  render(<ProblemsPage />);
  await screen.findByRole("table");
  expect(reasons()).toEqual(["MEDIA_NOT_FOUND", "POST_NOT_FOUND", "HANDLE_TAKEN"]);
});

it("filters by any of the words", async () => {
  render(<ProblemsPage />);
  await userEvent.type(await screen.findByLabelText("Filter problems"), "not found");
  expect(reasons()).toEqual(["MEDIA_NOT_FOUND", "POST_NOT_FOUND"]);
  await userEvent.type(screen.getByLabelText("Filter problems"), " at all");
  expect(screen.getByText("No problem matches.")).toBeTruthy();
});

it("brings the problem of the address into view", async () => {
  const scrolled = vi.fn();
  HTMLElement.prototype.scrollIntoView = function scrollIntoView() {
    scrolled(this.id);
  };
  location.hash = "#HANDLE_TAKEN";
  render(<ProblemsPage />);
  await screen.findByRole("table");
  expect(scrolled).toHaveBeenCalledWith("HANDLE_TAKEN");
});

it("says that the document could not be loaded", async () => {
  server.on("GET /v2/openapi.json", () => problem(503, "OVERLOADED"));
  render(<ProblemsPage />);
  expect((await screen.findByRole("alert")).textContent).toContain("503");
});
