import { beforeEach, expect, it, vi } from "vitest";

import { Problem, Unreachable } from "../api/problem";
import { defineAction, outbox } from "./actions";

const sent: { input: string; key: string }[] = [];
const shown = new Set<string>();
let answer: (input: string) => Promise<string>;

const mark = defineAction<string, string>({
  name: "tests.mark",
  send: (input, key) => {
    sent.push({ input, key });
    return answer(input);
  },
  apply: (input) => {
    shown.add(input);
    return () => shown.delete(input);
  },
  failure: "posts.like_failed",
  waits: true,
});
const refusal = new Problem({ type: "", title: "", status: 404, detail: "", reason: "POST_NOT_FOUND" });
const unreachable = () => Promise.reject(new Unreachable("away"));

beforeEach(async () => {
  await outbox.clear();
  sent.length = 0;
  shown.clear();
  await outbox.open("1");
});

it("takes back what is refused", async () => {
  answer = () => Promise.reject(refusal);
  await expect(mark.run("a")).rejects.toBe(refusal);
  expect(shown.size).toBe(0);
});

it("keeps what cannot be sent, and sends it later, in order and with the same keys", async () => {
  answer = unreachable;
  await mark.run("a", { key: "key-a" });
  await mark.run("b", { key: "key-b" });
  expect([...shown]).toEqual(["a", "b"]);
  expect(outbox.size).toBe(2);

  sent.length = 0;
  answer = (input) => Promise.resolve(input);
  await vi.waitFor(async () => {
    await outbox.flush();
    expect(outbox.size).toBe(0);
  });
  expect(sent.filter(({ key }) => key === "key-a").length).toBeGreaterThan(0);
  expect(sent.map(({ key }) => key).lastIndexOf("key-a")).toBeLessThan(
    sent.map(({ key }) => key).indexOf("key-b"),
  );
});

it("reports what waited and was refused then, and goes on with the rest", async () => {
  answer = unreachable;
  await mark.run("a");
  await mark.run("b");
  const failures: unknown[] = [];
  const end = outbox.onRefusal((_failure, error) => failures.push(error));

  answer = (input) => (input === "a" ? Promise.reject(refusal) : Promise.resolve(input));
  await vi.waitFor(async () => {
    await outbox.flush();
    expect(outbox.size).toBe(0);
  });
  expect(failures).toEqual([refusal]);
  end();
});

it("keeps what waits over a restart, for its user only", async () => {
  answer = unreachable;
  await mark.run("a");
  shown.clear();
  await outbox.open("2");
  expect(outbox.size).toBe(0);
  await outbox.open("1");
  expect(outbox.size).toBe(1);
  expect([...shown]).toEqual(["a"]);
});

it("sends what waits without being called, once the server answers again", async () => {
  vi.useFakeTimers();
  try {
    answer = unreachable;
    await mark.run("a", { key: "key-a" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(outbox.size).toBe(1);

    answer = (input) => Promise.resolve(input);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(outbox.size).toBe(0);
    expect(new Set(sent.map(({ key }) => key))).toEqual(new Set(["key-a"]));
  } finally {
    vi.useRealTimers();
  }
});
