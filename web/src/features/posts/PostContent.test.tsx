import { expect, it } from "vitest";

import type { Segment } from "../../api/client";
import { renderPage } from "../../test/render";
import { PostContent } from "./PostContent";

const content: Segment[] = [
  { type: "text", text: "👋🏽 heron and " },
  { type: "hashtag", text: "#night_heron", tag: "night_heron" },
  { type: "text", text: ", see " },
  { type: "link", text: "https://herons.example/heron", url: "https://herons.example/heron" },
];
const range = (start: number, end: number, medium_id: string | null = null) => ({ start, end, medium_id });

async function marked(ranges: ReturnType<typeof range>[]) {
  const { container } = await renderPage(<PostContent content={content} language="en" marked={ranges} />);
  return {
    marks: [...container.querySelectorAll("mark")].map((mark) => mark.textContent),
    text: container.textContent,
  };
}

it("marks the parts of the text by code points, also within hashtags", async () => {
  // The emoji and its skin tone are two code points.
  const { marks, text } = await marked([range(3, 8), range(20, 25)]);
  expect(marks).toEqual(["heron", "heron"]);
  expect(text).toContain("👋🏽 heron and #night_heron, see herons.example/heron");
});

it("marks an address as a whole", async () => {
  expect((await marked([range(31, 36)])).marks).toEqual(["herons.example/heron"]);
});

it("marks nothing for what stands in the description of a picture", async () => {
  expect((await marked([range(0, 5, "7")])).marks).toEqual([]);
});
