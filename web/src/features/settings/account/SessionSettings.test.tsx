import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../../api/session";
import { ada } from "../../../test/examples";
import { renderPage } from "../../../test/render";
import { answers, problem } from "../../../test/server";
import { signInAsAda } from "../../../test/signIn";
import { SessionSettings } from "./SessionSettings";

const server = answers();
beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});
const device = (id: string, name: string, current = false) => ({
  id,
  device_name: name,
  created_at: "2026-01-01T00:00:00.000Z",
  last_used_at: "2026-01-02T00:00:00.000Z",
  expires_at: "2026-03-01T00:00:00.000Z",
  current,
});

beforeEach(() =>
  server.on("GET /v2/sessions", {
    items: [device("3", "Firefox, Linux"), device("2", ""), device("1", "Chrome, Android", true)],
    next_cursor: null,
  }),
);

it("shows this device first, without a way to end it alone", async () => {
  await renderPage(<SessionSettings />);
  const [first, ...others] = await screen.findAllByRole("listitem");
  expect(first?.textContent).toContain("Chrome, Android");
  expect(first?.textContent).toContain("This device");
  expect(within(first as HTMLElement).queryByRole("button")).toBeNull();
  expect(others.map((each) => within(each).getByRole("button").getAttribute("aria-label"))).toEqual([
    "Sign out Firefox, Linux",
    "Sign out Unknown device",
  ]);
});

it("signs a device out at once, and shows it again where that fails", async () => {
  server.on("DELETE /v2/sessions/3", () => problem(503, "OVERLOADED"));
  await renderPage(<SessionSettings />);
  await userEvent.click(await screen.findByRole("button", { name: "Sign out Firefox, Linux" }));
  await screen.findByText(/Could not sign the device out/);
  expect(screen.getByText("Firefox, Linux")).toBeTruthy();

  server.on("DELETE /v2/sessions/3", () => new Response(null, { status: 204 }));
  await userEvent.click(screen.getByText("Try again"));
  await waitFor(() => expect(screen.queryByText("Firefox, Linux")).toBeNull());
  expect(screen.getAllByRole("listitem")).toHaveLength(2);
});

it("signs out everywhere after it was confirmed", async () => {
  server.on("DELETE /v2/cookie-sessions", () => problem(504, "DEADLINE_EXCEEDED"));
  await renderPage(<SessionSettings />);
  await userEvent.click(await screen.findByRole("button", { name: "Sign out everywhere" }));
  const confirm = async () =>
    userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Sign out everywhere" }));
  await confirm();
  await screen.findByText(/You are still signed in/);
  expect(session.state.status).toBe("signed-in");

  server.on("DELETE /v2/cookie-sessions", () => new Response(null, { status: 204 }));
  await userEvent.click(screen.getByText("Try again"));
  await waitFor(() => expect(session.state.status).toBe("signed-out"));
});
