import { screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { session } from "../../api/session";
import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { frames } from "../../test/stream";
import { PageHeader } from "../shell/PageHeader";
import { UnreadCount } from "./UnreadCount";
import { useLiveUnreadCount } from "./useUnreadCount";

const server = answers();
const stream = frames();
const setAppBadge = vi.fn(async () => undefined);
const clearAppBadge = vi.fn(async () => undefined);

function Counted() {
  useLiveUnreadCount(true);
  return (
    <>
      <PageHeader title="Home" />
      <UnreadCount />
    </>
  );
}

beforeEach(async () => {
  vi.clearAllMocks();
  Object.assign(navigator, { setAppBadge, clearAppBadge });
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/notifications/unread-count", { count: 3 });
  await session.signIn("ada", "a long pass phrase");
});
afterEach(() => {
  Reflect.deleteProperty(navigator, "setAppBadge");
  Reflect.deleteProperty(navigator, "clearAppBadge");
});

it("shows the count beside the icon, in the title, and on the icon of the app", async () => {
  await renderPage(<Counted />);
  await screen.findByText("3");
  await waitFor(() => expect(document.title).toBe("(3) Home · Roost"));
  expect(setAppBadge).toHaveBeenLastCalledWith(3);
});

it("counts again when something arrives or another device reads, and clears what is read", async () => {
  await renderPage(<Counted />);
  await screen.findByText("3");
  server.on("GET /v2/notifications/unread-count", { count: 100 });
  stream.event("notifications", { kind: "notification_withdrawn", id: "1" });
  await screen.findByText("99+");

  server.on("GET /v2/notifications/unread-count", { count: 0 });
  stream.event("notifications", { kind: "marker", timeline: "notifications", last_read_id: "9" });
  await waitFor(() => expect(document.title).toBe("Home · Roost"));
  expect(clearAppBadge).toHaveBeenCalled();
});

it("shows no count where it cannot be read", async () => {
  server.on("GET /v2/notifications/unread-count", () => problem(403, "ACCOUNT_PROTECTED"));
  await renderPage(<Counted />);
  await waitFor(() => expect(server.sent.some(({ path }) => path.endsWith("unread-count"))).toBe(true));
  expect(document.title).toBe("Home · Roost");
});
