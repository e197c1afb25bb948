import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { queryClient } from "../../api/cache";
import type { Post } from "../../api/client";
import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { UNDO_MS, useDeletion } from "./useDeletion";

const server = answers();
const listed = () => queryClient.getQueryData<{ items: Post[] }>(["list"])?.items.map(({ id }) => id);
const deletions = () => server.sent.filter(({ method, path }) => method === "DELETE" && path === "/v2/posts/10");

function DeleteButton() {
  const deleteWithUndo = useDeletion();
  return <button onClick={() => deleteWithUndo(hello)}>Delete</button>;
}

async function press(): Promise<void> {
  await renderPage(<DeleteButton />);
  queryClient.setQueryData(["list"], { items: [hello, { ...hello, id: "20" }] });
  fireEvent.click(await screen.findByText("Delete"));
}

beforeEach(async () => {
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("DELETE /v2/posts/10", () => new Response(null, { status: 204 }));
  await session.signIn("ada", "a long pass phrase");
  vi.useFakeTimers({ shouldAdvanceTime: true });
});
afterEach(() => {
  vi.useRealTimers();
});

it("hides the post at once, and deletes it when it cannot be undone any more", async () => {
  await press();
  expect(listed()).toEqual(["20"]);
  screen.getByText("Post deleted.");
  expect(deletions()).toHaveLength(0);

  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  await vi.waitFor(() => expect(deletions()).toHaveLength(1));
  expect(screen.queryByText("Undo")).toBeNull();
  expect(listed()).toEqual(["20"]);
});

it("brings the post back to its place, and sends nothing", async () => {
  await press();
  fireEvent.click(screen.getByText("Undo"));
  expect(listed()).toEqual(["10", "20"]);
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS * 2));
  expect(deletions()).toHaveLength(0);
});

it("deletes at once when the page is hidden", async () => {
  await press();
  act(() => void dispatchEvent(new Event("pagehide")));
  await vi.waitFor(() => expect(deletions()).toHaveLength(1));
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS * 2));
  expect(deletions()).toHaveLength(1);
});

it("shows a post again that could not be deleted, says why, and repeats with the same key", async () => {
  server.on("DELETE /v2/posts/10", () => problem(503, "DEPENDENCY_UNAVAILABLE"));
  await press();
  await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
  await screen.findByText(/Could not delete the post\. A part of the service/);
  expect(listed()).toEqual(["10", "20"]);

  server.on("DELETE /v2/posts/10", () => new Response(null, { status: 204 }));
  fireEvent.click(screen.getByText("Try again"));
  await vi.waitFor(() => expect(listed()).toEqual(["20"]));
  expect(new Set(deletions().map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
});
