import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { frames } from "../../test/stream";
import { NotificationsPage } from "./NotificationsPage";
import type { Notification } from "./queries";

const server = answers();
const stream = frames();

const user = (id: string, name: string) => ({ ...ada, id, handle: name.toLowerCase(), display_name: name });
const [bob, carol] = [user("2", "Bob"), user("3", "Carol")] as const;
const notification = (id: string, changes: Partial<Notification> = {}): Notification => ({
  id,
  kind: "like",
  post: hello,
  people: [bob],
  count: 1,
  first_at: "2026-01-01T00:00:00.000Z",
  last_at: "2026-01-01T00:00:00.000Z",
  read: false,
  ...changes,
});
const page = (...items: Notification[]) => ({ items, next_cursor: null });

beforeEach(async () => {
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/notifications/marker", { last_read_id: "20", updated_at: null });
  server.on("GET /v2/notifications/unread-count", { count: 1 });
  server.on("PUT /v2/notifications/marker", { last_read_id: "30", updated_at: "2026-01-01T00:00:00.000Z" });
  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  await session.signIn("ada", "a long pass phrase");
});
// A marker that waits belongs to its test.
afterEach(() => session.signOut());

it("puts several people into one row", async () => {
  server.on("GET /v2/notifications", page(notification("30", { people: [bob, carol], count: 7 })));
  await renderPage(<NotificationsPage />);

  const row = await screen.findByRole("article", { name: /Bob and 6 others like your post/ });
  expect(within(row).getByRole("link", { name: "@carol" }).getAttribute("href")).toBe("/@carol");
  within(row).getByText("+5");
  within(row).getByText("Hello #roost");
});

it("shows where the unread ones end, and moves the marker to the newest", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    server.on("GET /v2/notifications", page(notification("30"), notification("20", { kind: "repost" })));
    await renderPage(<NotificationsPage />);

    await screen.findByRole("article", { name: /Unread\.\s*Bob likes your post/ });
    const read = screen.getByRole("article", { name: /^Bob reposted your post/ });
    const line = screen.getByRole("separator", { name: "Already read" });
    expect(line.compareDocumentPosition(read) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();

    await vi.advanceTimersByTimeAsync(2500);
    await waitFor(() => {
      const moved = server.sent.find(({ method }) => method === "PUT");
      expect(moved?.body).toEqual({ last_read_id: "30" });
    });
    // The line stays while the marker moves.
    screen.getByRole("separator", { name: "Already read" });
  } finally {
    vi.useRealTimers();
  }
});

it("counts what arrives, and shows it when the reader wants it", async () => {
  server.on("GET /v2/notifications", page(notification("20")));
  await renderPage(<NotificationsPage />);
  await screen.findByRole("article", { name: /Bob likes your post/ });

  stream.event("notifications", {
    kind: "notification",
    notification: notification("40", { people: [carol, bob], count: 2 }),
    replaces: "20",
  });
  const pill = await screen.findByRole("button", { name: "1 new notification" });
  screen.getByRole("article", { name: /^Bob likes your post/ });

  server.on("GET /v2/notifications", page(notification("40", { people: [carol, bob], count: 2 })));
  await userEvent.click(pill);

  await screen.findByRole("article", { name: /Carol and 1 other like your post/ });
  expect(screen.getAllByRole("article")).toHaveLength(1);
});

it("takes a person who withdrew out of the row, in its place", async () => {
  server.on("GET /v2/notifications", page(notification("20", { people: [bob, carol], count: 2 })));
  await renderPage(<NotificationsPage />);
  await screen.findByRole("article", { name: /Bob and 1 other/ });

  stream.event("notifications", {
    kind: "notification",
    notification: notification("19", { people: [carol], count: 1 }),
    replaces: "20",
  });

  await screen.findByRole("article", { name: /^Carol likes your post/ });
  expect(screen.queryByRole("button", { name: /new notification/ })).toBeNull();
});

it("does not count what was withdrawn before it was shown", async () => {
  server.on("GET /v2/notifications", page(notification("20")));
  await renderPage(<NotificationsPage />);
  await screen.findByRole("article", { name: /Bob likes/ });

  stream.event("notifications", { kind: "notification", notification: notification("40"), replaces: null });
  await screen.findByRole("button", { name: "1 new notification" });
  stream.event("notifications", { kind: "notification_withdrawn", id: "40" });

  await waitFor(() => expect(screen.queryByRole("button", { name: /new notification/ })).toBeNull());
});

it("shows mentions as posts", async () => {
  server.on("GET /v2/notifications", page(notification("30", { kind: "mention", post: { ...hello, author: bob } })));
  await renderPage(<NotificationsPage />);
  await screen.findByText(/mentioned you/);
  screen.getByRole("button", { name: "Like, 4 likes" });
});

it("says why the list cannot be read, and reads it again", async () => {
  server.on("GET /v2/notifications", () => problem(403, "ACCOUNT_PROTECTED"));
  await renderPage(<NotificationsPage />);
  await screen.findByText("This account is protected.");

  server.on("GET /v2/notifications", page(notification("30")));
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByRole("article", { name: /Bob likes your post/ });
});

it("says what will be in an empty list", async () => {
  server.on("GET /v2/notifications", page());
  await renderPage(<NotificationsPage />);
  await screen.findByRole("heading", { name: "No notifications yet" });
});
