import { expect, it } from "vitest";

import { completionAt } from "./completion";
import { withOperator } from "./operators";

/** The completion of a text; `|` is the cursor. */
function complete(text: string) {
  return completionAt(text.replace("|", ""), text.indexOf("|"));
}

it("completes a whole text as a name", () => {
  expect(complete("ada|")).toEqual({ kind: "name", typed: "ada" });
  expect(complete("Ada Love|")).toEqual({ kind: "name", typed: "Ada Love" });
  expect(complete("@ad|")).toEqual({ kind: "name", typed: "@ad" });
  expect(complete("#roo|")).toEqual({ kind: "name", typed: "#roo" });
});

it("completes the user of an operator where the cursor stands", () => {
  expect(complete("from:al| heron")).toEqual({ kind: "value", typed: "@al", start: 5, end: 7 });
  expect(complete("heron -to:@al|")).toEqual({ kind: "value", typed: "@al", start: 10, end: 13 });
  expect(complete("(mentions:b| OR owl)")).toEqual({ kind: "value", typed: "@b", start: 10, end: 11 });
});

it("completes a hashtag within a query", () => {
  expect(complete("heron #roo|")).toEqual({ kind: "value", typed: "#roo", start: 6, end: 10 });
});

it("completes nothing in other queries", () => {
  for (const text of ["|", "@|", "#|", "from:|", "has:media|", "\"heron|", "heron -owl|", "a OR b|", `${"a".repeat(51)}|`]) {
    expect([text, complete(text)]).toEqual([text, undefined]);
  }
});

/** Writes an operator at the cursor, both as `|`. */
function write(text: string, operator: string): string {
  const { query, cursor } = withOperator(text.replace("|", ""), text.indexOf("|"), operator);
  return `${query.slice(0, cursor)}|${query.slice(cursor)}`;
}

it("writes an operator with spaces around it, and the cursor at its value", () => {
  expect(write("|", "from:|")).toBe("from:|");
  expect(write("heron|", "from:|")).toBe("heron from:|");
  expect(write("heron | owl", "\"|\"")).toBe("heron \"|\" owl");
  expect(write("heron|", "has:media")).toBe("heron has:media |");
  expect(write("heron|", " OR |")).toBe("heron OR |");
});
