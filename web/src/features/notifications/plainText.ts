import type { Post } from "../../api/client";

/** The text of a post in one line, without links and formats. */
export function plainText({ content }: Pick<Post, "content">): string {
  return content
    .map((segment) => segment.text)
    .join("")
    .replace(/\s+/g, " ")
    .trim();
}
