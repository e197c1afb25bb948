import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeEach, expect, it } from "vitest";

import { patchPost, queryClient } from "../../api/cache";
import type { Post } from "../../api/client";
import { session } from "../../api/session";
import { forgetFiles } from "../../offline/files";
import { ada, hello } from "../../test/examples";
import { heron, limits } from "../../test/media";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { transfers } from "../../test/transfers";
import { Composer } from "./Composer";
import type { ComposeFor } from "./ComposerProvider";
import { readDraft } from "./drafts";
import { uploads } from "./uploads";

const server = answers();
const parts = transfers();
let closed = false;
let nextId = 50;

const picture = (name = "heron.png") => new File(["pixels"], name, { type: "image/png" });
/** The composer, until it closes. */
function Opened({ target }: { target: ComposeFor }) {
  const [open, setOpen] = useState(true);
  const close = () => {
    closed = true;
    setOpen(false);
  };
  return open ? <Composer target={target} onClose={close} /> : null;
}
const open = (target: ComposeFor = {}) => renderPage(<Opened target={target} />);
const suggestions = () => screen.findByRole("listbox", { hidden: true });
const noSuggestions = () => expect(screen.queryByRole("listbox", { hidden: true })).toBeNull();
const chooser = () => screen.getByLabelText<HTMLInputElement>("Add pictures, a video or audio", { selector: "input" });
const choose = async (...files: File[]) => {
  const input = await waitFor(chooser);
  await waitFor(() => expect(input.accept).not.toBe(""));
  // The chooser of the browser filters by type; a dropped file is not filtered.
  await userEvent.upload(input, files, { applyAccept: false });
};
const post = () => screen.getByRole<HTMLButtonElement>("button", { name: "Post" });
const sent = (method: string, path: string) =>
  server.sent.filter((request) => request.method === method && request.path === path);

function serveMedium(id: string): void {
  const medium = { ...heron, id };
  server.on(`POST /v2/media/uploads/${id}/completion`, { ...medium, state: "processing", progress: 40, variants: [] });
  server.on(`GET /v2/media/${id}/wait`, medium);
  server.on(`GET /v2/media/${id}`, medium);
  server.on(`PATCH /v2/media/${id}`, ({ body }) => Response.json({ ...medium, ...(body as object) }));
  server.on(`DELETE /v2/media/${id}`, () => new Response(null, { status: 204 }));
}

beforeEach(async () => {
  closed = false;
  nextId = 50;
  for (const id of uploads.all.keys()) uploads.forget(id);
  await forgetFiles();
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/users/me/settings", { alt_text_reminder: false });
  server.on("GET /v2/limits", limits);
  server.on("POST /v2/media/uploads", () => {
    const id = String(nextId++);
    serveMedium(id);
    return Response.json(
      {
        id,
        size_bytes: 6,
        parts: [{ number: 1, size_bytes: 6, received: false, url: `http://store.test/${id}` }],
        urls_expire_at: "2026-01-01T00:00:00.000Z",
        expires_at: "2026-01-01T00:00:00.000Z",
      },
      { status: 201 },
    );
  });
  server.on("POST /v2/posts", () => Response.json({ ...hello, id: "11" }, { status: 201 }));
  await session.signIn("ada", "a long pass phrase");
});

it("uploads a picture, waits until it is ready, and posts it without a text", async () => {
  parts.answer("by the test");
  await open();
  await choose(picture());
  await waitFor(() => expect(parts.all).toHaveLength(1));
  parts.all[0]?.progress(3);
  const bar = await screen.findByRole("progressbar", { name: "Upload of medium 1" });
  await waitFor(() => expect(bar.getAttribute("aria-valuenow")).toBe("50"));
  expect(post().disabled).toBe(true);

  parts.all[0]?.answer(200);
  await waitFor(() => expect(post().disabled).toBe(false));
  await userEvent.click(post());
  await waitFor(() => expect(closed).toBe(true));
  expect(sent("POST", "/v2/posts")[0]?.body).toEqual({ text: "", visibility: "public", media_ids: ["50"] });
  expect(readDraft(ada.id, "new")).toBeUndefined();
});

it("keeps the ids of media in the draft, and finds them ready after a crash", async () => {
  const first = await open();
  await choose(picture());
  await waitFor(() => expect(readDraft(ada.id, "new")?.attachments[0]?.mediumId).toBe("50"));
  await waitFor(() => expect(post().disabled).toBe(false));
  first.unmount();
  for (const id of uploads.all.keys()) uploads.forget(id);

  await open();
  await waitFor(() => expect(post().disabled).toBe(false));
  expect(screen.getByRole("list", { name: "Media of the post" }).children).toHaveLength(1);
  expect(sent("POST", "/v2/media/uploads")).toHaveLength(1);
});

it("says which files are not taken, and why", async () => {
  await open();
  await choose(picture(), new File(["x"], "clip.mp4", { type: "video/mp4" }), new File(["x"], "a.exe", { type: "a/b" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("clip.mp4: A post has up to four pictures");
  expect(alert.textContent).toContain("a.exe: Files of this type are not accepted.");
  expect(screen.getByRole("list", { name: "Media of the post" }).children).toHaveLength(1);
});

it("shows why a medium could not be processed, and removes it", async () => {
  await open();
  await choose(picture());
  await waitFor(() => expect(sent("POST", "/v2/media/uploads/50/completion")).toHaveLength(1));
  await screen.findByRole("button", { name: "ALT: Add a description to medium 1" });
  await waitFor(() => expect(post().disabled).toBe(false));
  await userEvent.click(screen.getByRole("button", { name: "Remove medium 1" }));

  server.on("POST /v2/media/uploads", () => problem(413, "MEDIA_TOO_LARGE"));
  await choose(picture("large.png"));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("large.png: The file is too large.");
  expect(within(alert).queryByRole("button", { name: "Try again" })).toBeNull();
  await userEvent.click(within(alert).getByRole("button", { name: "Remove" }));
  expect(screen.queryByRole("list", { name: "Media of the post" })).toBeNull();
  expect(sent("DELETE", "/v2/media/50")).toHaveLength(1);
});

it("takes pasted and dropped files", async () => {
  await open();
  const field = await screen.findByRole("textbox");
  await waitFor(() => expect(chooser().accept).not.toBe(""));
  fireEvent.paste(field, { clipboardData: { files: [picture("pasted.png")], types: ["Files"] } });
  await waitFor(() => expect(post().disabled).toBe(false));
  fireEvent.drop(field, { dataTransfer: { files: [picture("dropped.png")], types: ["Files"] } });
  await waitFor(() => expect(readDraft(ada.id, "new")?.attachments.map(({ name }) => name)).toEqual(["pasted.png", "dropped.png"]));
});

it("changes the order of media", async () => {
  await open();
  await choose(picture("one.png"), picture("two.png"));
  await userEvent.click(await screen.findByRole("button", { name: "Move medium 2 forward" }));
  await waitFor(() => expect(post().disabled).toBe(false));
  const order = readDraft(ada.id, "new")?.attachments;
  expect(order?.map(({ name }) => name)).toEqual(["two.png", "one.png"]);
  await userEvent.click(post());
  await waitFor(() => expect(closed).toBe(true));
  expect(sent("POST", "/v2/posts")[0]?.body).toMatchObject({ media_ids: order?.map(({ mediumId }) => mediumId) });
});

it("describes a medium and moves its focal point with the keyboard", async () => {
  await open();
  await choose(picture());
  await userEvent.click(await screen.findByRole("button", { name: "ALT: Add a description to medium 1" }));
  const dialog = screen.getByRole("dialog", { name: "Describe" });
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Description" }), "Two herons");
  const point = within(dialog).getByRole("slider", { name: "Point that stays in view" });
  point.focus();
  await userEvent.keyboard("{ArrowRight}{ArrowRight}{ArrowUp}");
  expect(point.getAttribute("aria-valuetext")).toBe("60% from the left, 45% from the top");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await waitFor(() => expect(post().disabled).toBe(false));
  await userEvent.click(post());
  await waitFor(() => expect(closed).toBe(true));

  expect(sent("PATCH", "/v2/media/50")[0]?.body).toEqual({ alt_text: "Two herons", focal_point: { x: 0.2, y: 0.1 } });
  const requests = server.sent.map(({ method, path }) => `${method} ${path}`);
  expect(requests.indexOf("PATCH /v2/media/50")).toBeLessThan(requests.indexOf("POST /v2/posts"));
});

it("reminds of missing descriptions once where the user wants that", async () => {
  server.on("GET /v2/users/me/settings", { alt_text_reminder: true });
  await open();
  await choose(picture());
  await waitFor(() => expect(queryClient.getQueryData(["settings"])).toBeDefined());
  await waitFor(() => expect(post().disabled).toBe(false));
  await userEvent.click(post());
  await screen.findByText(/Some people will not know what it shows/);
  expect(sent("POST", "/v2/posts")).toHaveLength(0);
  await userEvent.click(screen.getByRole("button", { name: "Post without" }));
  await waitFor(() => expect(closed).toBe(true));
});

it("completes a mention with the keyboard", async () => {
  server.on("GET /v2/search/typeahead", { items: [{ type: "user", user: ada }, { type: "user", user: { ...ada, id: "2", handle: "adam" } }] });
  await open();
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox");
  await userEvent.type(field, "Hi @ad");
  const options = within(await suggestions()).getAllByRole("option", { hidden: true });
  expect(options).toHaveLength(2);
  expect(field.getAttribute("aria-activedescendant")).toBe(options[0]?.id);
  await userEvent.keyboard("{ArrowDown}{Enter}");
  expect(field.value).toBe("Hi @adam ");
  noSuggestions();
  // One pause, one request: not one for each key.
  expect(sent("GET", "/v2/search/typeahead").map(({ search }) => search.get("q"))).toEqual(["@ad"]);
});

it("closes suggestions with Escape, and shows none where they cannot be read", async () => {
  server.on("GET /v2/search/typeahead", { items: [{ type: "user", user: ada }] });
  await open();
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox");
  await userEvent.type(field, "@ad");
  await suggestions();
  await userEvent.keyboard("{Escape}");
  noSuggestions();
  expect(closed).toBe(false);

  server.on("GET /v2/search/typeahead", () => problem(503, "DEPENDENCY_UNAVAILABLE"));
  await userEvent.type(field, " @zo");
  await waitFor(() => expect(sent("GET", "/v2/search/typeahead").at(-1)?.search.get("q")).toBe("@zo"));
  noSuggestions();
});

it("suggests nothing while an input method composes", async () => {
  server.on("GET /v2/search/typeahead", { items: [{ type: "hashtag", hashtag: { tag: "テスト", posts_count: 3, authors_count: 1, history: [] } }] });
  await open();
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox");
  fireEvent.compositionStart(field);
  fireEvent.change(field, { target: { value: "#テ" } });
  expect(sent("GET", "/v2/search/typeahead")).toHaveLength(0);
  field.setSelectionRange(2, 2);
  fireEvent.compositionEnd(field);
  await userEvent.click(within(await suggestions()).getByRole("option", { hidden: true }));
  expect(field.value).toBe("#テスト ");
});

it("sends the language that the author chose", async () => {
  await open();
  await userEvent.type(await screen.findByRole("textbox"), "Hallo");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Language of the post" }), "de");
  await userEvent.click(post());
  await waitFor(() => expect(closed).toBe(true));
  expect(sent("POST", "/v2/posts")[0]?.body).toEqual({ text: "Hallo", visibility: "public", language: "de" });
});

const mine: Post = { ...hello, media: [heron], media_ids: ["50"] };
const cached = () => queryClient.getQueryData<Post>(["card"]);

async function openEdit(): Promise<HTMLTextAreaElement> {
  server.on("GET /v2/posts/10", () => Response.json(mine, { headers: { etag: 'W/"1.abc"' } }));
  serveMedium("50");
  await open({ edited: mine });
  queryClient.setQueryData(["card"], mine);
  return screen.findByRole<HTMLTextAreaElement>("textbox");
}

it("edits text, media and descriptions, and shows the edit before the server answers", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PATCH /v2/posts/10", () => new Promise<Response>((resolve) => (answer = resolve)));
  const field = await openEdit();
  expect(field.value).toBe("Hello #roost");
  const save = screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
  expect(save.disabled).toBe(true);

  await userEvent.clear(field);
  await userEvent.type(field, "Good day");
  await userEvent.click(screen.getByRole("button", { name: "ALT: Add a description to medium 1" }));
  const dialog = screen.getByRole("dialog", { name: "Describe" });
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Description" }), "A heron");
  await userEvent.click(within(dialog).getByRole("button", { name: "Save" }));
  await userEvent.click(save);

  await waitFor(() => expect(closed).toBe(true));
  expect(cached()?.content).toEqual([{ type: "text", text: "Good day" }]);
  expect(cached()?.media[0]?.alt_text).toBe("A heron");
  expect(cached()?.edited_at).not.toBeNull();
  await waitFor(() => expect(sent("PATCH", "/v2/posts/10")).toHaveLength(1));
  expect(sent("PATCH", "/v2/posts/10")[0]?.headers.get("if-match")).toBe('W/"1.abc"');
  expect(sent("PATCH", "/v2/posts/10")[0]?.body).toEqual({ text: "Good day" });

  // The stream goes on with counts while the edit is on its way.
  patchPost("10", (each) => ({ ...each, counts: { ...each.counts, likes: 9 } }));
  answer(Response.json({ ...mine, content: [{ type: "text", text: "Good day" }], revision: 2, edited_at: "2026-01-02T00:00:00.000Z" }));
  await screen.findByText("Your edit is saved.");
  expect(cached()).toMatchObject({ revision: 2, edited_at: "2026-01-02T00:00:00.000Z", counts: { likes: 9 } });
  expect(sent("PATCH", "/v2/media/50")[0]?.body).toEqual({ alt_text: "A heron", focal_point: null });
  expect(cached()?.media[0]?.alt_text).toBe("A heron");
  expect(readDraft(ada.id, "edit:10")).toBeUndefined();
});

it("takes a refused edit back, keeps its draft, and says that the post was changed elsewhere", async () => {
  server.on("PATCH /v2/posts/10", () => problem(412, "ETAG_MISMATCH"));
  const field = await openEdit();
  await userEvent.type(field, "!");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await screen.findByText(/Could not save the edit\. It was changed elsewhere/);
  expect(cached()?.content).toEqual(mine.content);
  expect(cached()?.edited_at).toBeNull();

  const changed = { ...mine, content: [{ type: "text", text: "From elsewhere" }], revision: 2 };
  server.on("GET /v2/posts/10", () => Response.json(changed, { headers: { etag: 'W/"2.def"' } }));
  await userEvent.click(screen.getByText("Open draft"));
  await screen.findByText(/changed elsewhere since you began/);
  const draft = () => screen.getByRole<HTMLTextAreaElement>("textbox").value;
  expect(draft()).toBe("Hello #roost!");
  await userEvent.click(screen.getByRole("button", { name: "Discard my draft" }));
  expect(draft()).toBe("From elsewhere");
});

it("removes a medium from a post without deleting it, and sends the ones that are left", async () => {
  server.on("PATCH /v2/posts/10", ({ body }) => Response.json({ ...mine, ...(body as object), media: [] }));
  await openEdit();
  await userEvent.click(await screen.findByRole("button", { name: "Remove medium 1" }));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(sent("PATCH", "/v2/posts/10")).toHaveLength(1));
  expect(sent("PATCH", "/v2/posts/10")[0]?.body).toEqual({ text: "Hello #roost", media_ids: [] });
  expect(sent("DELETE", "/v2/media/50")).toHaveLength(0);
});

it("says so where the post that is edited cannot be read", async () => {
  server.on("GET /v2/posts/10", () => problem(404, "POST_NOT_FOUND"));
  await open({ edited: mine });
  await screen.findByText(/This post is gone/);
});
