import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { TimelineItem } from "../../api/client";
import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { ContinueReading } from "./ContinueReading";
import * as rows from "./rows";

vi.mock("./rows");
const server = answers();
const item = (id: string): TimelineItem => ({ id, post: { ...hello, id }, reposted_by: null });
const items = (...ids: string[]) => ids.map(item);
const moved = () => server.sent.filter(({ method }) => method === "PUT").map(({ body }) => body);

beforeEach(async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  vi.mocked(rows.firstVisibleRow).mockReset().mockReturnValue(0);
  vi.mocked(rows.scrollToRow).mockReset().mockResolvedValue();
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/timelines/home", { items: items("9", "8", "7", "6", "5"), next_cursor: null });
  server.on("GET /v2/timelines/home/marker", { last_read_id: "6", updated_at: null });
  server.on("PUT /v2/timelines/home/marker", ({ body }) => Response.json({ ...(body as object), updated_at: null }));
  await session.signIn("ada", "a long pass phrase");
});
afterEach(async () => {
  await session.signOut();
  vi.useRealTimers();
});

const offer = () => screen.findByRole("button", { name: "Continue where you stopped" });
/** Long enough for a post to count as read and for the marker to be written. */
const wait = () => vi.advanceTimersByTimeAsync(5000);

it("goes to where the user stopped, and does not move before", async () => {
  await renderPage(<ContinueReading />);
  const button = await offer();
  await wait();
  expect(rows.scrollToRow).not.toHaveBeenCalled();
  expect(moved()).toEqual([]);

  await userEvent.click(button);

  await waitFor(() => expect(rows.scrollToRow).toHaveBeenCalledWith(3));
  expect(screen.queryByRole("button", { name: "Continue where you stopped" })).toBeNull();
});

it("moves the marker to the newest post that was visible after the offer is dismissed", async () => {
  await renderPage(<ContinueReading />);
  await offer();
  await userEvent.click(screen.getByRole("button", { name: "Not now" }));
  await wait();
  await waitFor(() => expect(moved()).toEqual([{ last_read_id: "9" }]));
});

it("withdraws the offer when the reader has come to the place", async () => {
  await renderPage(<ContinueReading />);
  await offer();
  vi.mocked(rows.firstVisibleRow).mockReturnValue(3);
  dispatchEvent(new Event("scroll"));
  await wait();
  await waitFor(() => expect(screen.queryByRole("button", { name: "Continue where you stopped" })).toBeNull());
  expect(moved()).toEqual([]);
});

it("offers nothing where the place is at the beginning", async () => {
  server.on("GET /v2/timelines/home/marker", { last_read_id: "9", updated_at: null });
  await renderPage(<ContinueReading />);
  await waitFor(() => expect(server.sent.some(({ path }) => path === "/v2/timelines/home/marker")).toBe(true));
  await wait();
  expect(screen.queryByRole("button", { name: "Continue where you stopped" })).toBeNull();
  expect(moved()).toEqual([]);
});

it("reads pages until the place is there", async () => {
  server.on("GET /v2/timelines/home", ({ search }) =>
    Response.json(
      search.get("cursor")
        ? { items: items("5", "4", "3"), next_cursor: null }
        : { items: items("9", "8", "7", "6"), next_cursor: "more" },
    ),
  );
  server.on("GET /v2/timelines/home/marker", { last_read_id: "4", updated_at: null });
  await renderPage(<ContinueReading />);
  await userEvent.click(await offer());
  await waitFor(() => expect(rows.scrollToRow).toHaveBeenCalledWith(5));
});

it("says why the place cannot be reached, and keeps the offer", async () => {
  server.on("GET /v2/timelines/home", ({ search }) =>
    search.get("cursor")
      ? problem(403, "ACCOUNT_PROTECTED")
      : Response.json({ items: items("9", "8", "7", "6"), next_cursor: "more" }),
  );
  server.on("GET /v2/timelines/home/marker", { last_read_id: "4", updated_at: null });
  await renderPage(<ContinueReading />);
  await userEvent.click(await offer());
  await screen.findByText(/Could not find the place\. This account is protected/);
  await offer();
});
