import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";

import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { TrendList } from "./TrendList";
import { TrendsCard } from "./TrendsCard";

const server = answers();

function trend(tag: string, counts: number[]) {
  const history = counts.map((authors_count, hour) => ({
    start_at: new Date(Date.UTC(2026, 10, 30, hour)).toISOString(),
    posts_count: authors_count,
    authors_count,
  }));
  return { hashtag: { tag, posts_count: 9, authors_count: 7, history }, score: 6, observed: 10, baseline: 1 };
}

const trends = (count: number) => ({
  as_of: "2026-11-30T16:00:00.000Z",
  items: Array.from({ length: count }, (_, index) => trend(`tag${index}`, index === 0 ? [0, 0] : [0, 3, 1])),
});

function goOnline(online: boolean): void {
  vi.spyOn(navigator, "onLine", "get").mockReturnValue(online);
  act(() => void dispatchEvent(new Event(online ? "online" : "offline")));
}

afterEach(() => vi.restoreAllMocks());

it("shows the strongest trends beside the page, with how many people use them", async () => {
  server.on("GET /v2/trends", trends(7));
  await renderPage(<TrendsCard />);
  await screen.findByText("#tag0");
  expect(screen.getAllByRole("article")).toHaveLength(5);
  expect(screen.getAllByText("7 people in 7 days")).toHaveLength(5);
  // A line of zeros says nothing.
  expect(screen.getAllByTestId("sparkline")).toHaveLength(4);
});

it("hides the card while there is no network", async () => {
  server.on("GET /v2/trends", trends(1));
  await renderPage(<TrendsCard />);
  await screen.findByText("#tag0");
  goOnline(false);
  expect(screen.queryByText("#tag0")).toBeNull();
  goOnline(true);
  await screen.findByText("#tag0");
});

it("shows no card without trends, and none where they cannot be read", async () => {
  server.on("GET /v2/trends", trends(0));
  const empty = await renderPage(<TrendsCard />);
  await waitFor(() => expect(server.sent).toHaveLength(1));
  expect(screen.queryByRole("heading")).toBeNull();
  empty.unmount();

  server.on("GET /v2/trends", () => problem(404, "ROUTE_NOT_FOUND"));
  await renderPage(<TrendsCard />);
  await waitFor(() => expect(server.sent).toHaveLength(2));
  expect(screen.queryByRole("heading")).toBeNull();
});

it("says on the page why trends cannot be read, and reads them again", async () => {
  server.on("GET /v2/trends", () => problem(400, "PARAMETER_INVALID", "The language is wrong."));
  await renderPage(<TrendList />);
  await screen.findByText("The language is wrong.");
  server.on("GET /v2/trends", trends(20));
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.getAllByRole("article")).toHaveLength(20));
});

it("says of which time the trends are while there is no network", async () => {
  server.on("GET /v2/trends", trends(1));
  await renderPage(<TrendList />);
  await screen.findByText("#tag0");
  expect(screen.queryByText(/^As of/)).toBeNull();
  goOnline(false);
  await screen.findByText(/^As of/);
});
