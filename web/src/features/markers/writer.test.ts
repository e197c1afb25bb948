import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { isNewer } from "../../api/ids";
import { Problem, Unreachable } from "../../api/problem";
import { MarkerWriter } from "./writer";

const write = vi.fn<(id: string, key: string) => Promise<void>>();
const ids = () => write.mock.calls.map(([id]) => id);

beforeEach(() => {
  vi.useFakeTimers();
  write.mockReset().mockResolvedValue();
});
afterEach(() => {
  vi.useRealTimers();
});

it("compares ids that numbers are too short for", () => {
  expect(isNewer("9007199254740993", "9007199254740992")).toBe(true);
  expect(isNewer("9", "10")).toBe(false);
  expect(isNewer("1", null)).toBe(true);
  expect(isNewer(null, "1")).toBe(false);
});

it("writes the newest of several moves once", async () => {
  const writer = new MarkerWriter(write);
  writer.move("8");
  writer.move("10");
  writer.move("9");
  expect(write).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2000);
  expect(ids()).toEqual(["10"]);
});

it("writes at once when the page is hidden, and not again", async () => {
  const writer = new MarkerWriter(write);
  writer.move("10");
  writer.flush();
  await vi.advanceTimersByTimeAsync(5000);
  expect(ids()).toEqual(["10"]);
});

it("writes again with the same key where the server could not be reached", async () => {
  write.mockRejectedValueOnce(new Unreachable("no answer"));
  const writer = new MarkerWriter(write);
  writer.move("10");
  await vi.advanceTimersByTimeAsync(2000);
  writer.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(ids()).toEqual(["10", "10"]);
  expect(new Set(write.mock.calls.map(([, key]) => key)).size).toBe(1);
});

it("drops what the server refuses", async () => {
  write.mockRejectedValueOnce(
    new Problem({ type: "", title: "", status: 422, detail: "", reason: "VALIDATION_FAILED" }),
  );
  const writer = new MarkerWriter(write);
  writer.move("10");
  await vi.advanceTimersByTimeAsync(2000);
  writer.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(ids()).toEqual(["10"]);
});

it("writes nothing of the user before after signing out", async () => {
  const writer = new MarkerWriter(write);
  writer.move("10");
  writer.reset();
  await vi.advanceTimersByTimeAsync(5000);
  expect(write).not.toHaveBeenCalled();
});
