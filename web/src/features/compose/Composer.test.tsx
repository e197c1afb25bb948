import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { limits } from "../../test/media";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { Composer } from "./Composer";
import { readDraft } from "./drafts";
import { countCharacters } from "./graphemes";

const server = answers();
let closed = false;

beforeEach(async () => {
  closed = false;
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/limits", {
    ...limits,
    texts: { ...limits.texts, post: { max_characters: 10, max_code_points: 100 } },
  });
  await session.signIn("ada", "a long pass phrase");
});

const open = (target = {}) => renderPage(<Composer target={target} onClose={() => (closed = true)} />);

it("counts what a reader sees as one character", () => {
  expect(countCharacters("👨‍👩‍👧‍👦é")).toBe(2);
});

it("sends nothing that is empty or too long", async () => {
  await open();
  const field = await screen.findByRole("textbox");
  const send = screen.getByRole<HTMLButtonElement>("button", { name: "Post" });
  expect(send.disabled).toBe(true);

  await userEvent.type(field, "a".repeat(11));
  await waitFor(() => expect(send.disabled).toBe(true));
  expect(screen.getByText("-1")).toBeTruthy();

  await userEvent.type(field, "{Backspace}");
  expect(send.disabled).toBe(false);
});

it("keeps a draft until the post is out", async () => {
  const first = await open();
  await userEvent.type(await screen.findByRole("textbox"), "Hello");
  expect(readDraft(ada.id, "new")?.text).toBe("Hello");
  first.unmount();

  server.on("POST /v2/posts", () => Response.json({ ...hello, id: "11" }, { status: 201 }));
  await open();
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox");
  expect(field.value).toBe("Hello");
  await userEvent.click(screen.getByRole("button", { name: "Post" }));

  await waitFor(() => expect(closed).toBe(true));
  expect(readDraft(ada.id, "new")).toBeUndefined();
  expect(server.sent.at(-1)?.body).toEqual({ text: "Hello", visibility: "public" });
});

it("stays open when the post is refused, says why, and repeats with the same key", async () => {
  server.on("POST /v2/posts", () => problem(422, "TEXT_INVALID"));
  await open();
  await userEvent.type(await screen.findByRole("textbox"), "Hello");
  await userEvent.keyboard("{Control>}{Enter}{/Control}");
  await screen.findByText(/Could not post\. The text has characters/);

  await userEvent.click(screen.getByRole("button", { name: "Post" }));

  const posts = () => server.sent.filter(({ path }) => path === "/v2/posts");
  await waitFor(() => expect(posts()).toHaveLength(2));
  expect(new Set(posts().map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
  expect(closed).toBe(false);
});

it("answers the post that it was opened for", async () => {
  server.on("POST /v2/posts", () => Response.json({ ...hello, id: "11" }, { status: 201 }));
  await open({ replyTo: { ...hello, author: { ...ada, id: "2", handle: "bob" } } });
  await userEvent.type(await screen.findByRole("textbox"), "Yes");
  await userEvent.click(screen.getByRole("button", { name: "Reply" }));
  await waitFor(() => expect(closed).toBe(true));
  expect(server.sent.find(({ path }) => path === "/v2/posts")?.body).toEqual({
    text: "Yes",
    visibility: "public",
    reply_to_post_id: "10",
  });
});
