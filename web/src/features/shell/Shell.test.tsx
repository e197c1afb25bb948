import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { session } from "../../api/session";
import { handleKey } from "../../keyboard/shortcuts";
import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { PageHeader } from "./PageHeader";
import { Shell } from "./Shell";

const server = answers();

/** A window with room for the third column, or without. */
function makeWindow(wide: boolean): { resize: (wide: boolean) => void } {
  let now = wide;
  const listeners = new Set<() => void>();
  vi.stubGlobal("matchMedia", () => ({
    get matches() {
      return now;
    },
    addEventListener: (_type: string, listener: () => void) => listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) => listeners.delete(listener),
  }));
  return {
    resize: (next) =>
      act(() => {
        now = next;
        for (const listener of listeners) listener();
      }),
  };
}

async function signIn(): Promise<void> {
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  await session.signIn("ada", "a long pass phrase");
}

beforeEach(() => {
  document.addEventListener("keydown", handleKey);
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/trends", () => problem(400, "PARAMETER_INVALID"));
});

afterEach(() => document.removeEventListener("keydown", handleKey));

it("shows the third column only where there is room", async () => {
  const { resize } = makeWindow(false);
  await renderPage(<Shell />);
  expect(screen.queryByRole("complementary")).toBeNull();
  resize(true);
  const aside = await screen.findByRole("complementary");
  await within(aside).findByRole("combobox", { name: "Search" });
  expect(within(aside).getByRole("link", { name: "For developers" }).getAttribute("href")).toBe("/docs");
});

it("focuses the search by /, and leads to it where the page has none", async () => {
  const { resize } = makeWindow(true);
  const page = await renderPage(<Shell />);
  const field = await screen.findByRole("combobox");
  await userEvent.keyboard("/");
  expect(document.activeElement).toBe(field);
  expect(page.address()).toBe("/");

  resize(false);
  await userEvent.keyboard("/");
  await waitFor(() => expect(page.address()).toBe("/explore"));
});

it("opens the keyboard shortcuts from the third column", async () => {
  makeWindow(true);
  await renderPage(<Shell />);
  const aside = await screen.findByRole("complementary");
  await userEvent.click(await within(aside).findByRole("button", { name: "Keyboard shortcuts" }));
  const sheet = screen.getByRole("dialog", { name: "Keyboard shortcuts" });
  within(sheet).getByText("Search");
});

it("has the pages that the bottom bar does not have in the menu of the narrow header", async () => {
  await signIn();
  const page = await renderPage(<PageHeader title="Home" />);
  await userEvent.click(await screen.findByRole("button", { name: "Your account" }));
  await userEvent.click(screen.getByRole("menuitem", { name: "Public", hidden: true }));
  await waitFor(() => expect(page.address()).toBe("/public"));
});
