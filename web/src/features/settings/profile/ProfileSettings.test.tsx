import { Link } from "@tanstack/react-router";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import { ada } from "../../../test/examples";
import { renderPage } from "../../../test/render";
import { answers, problem } from "../../../test/server";
import { signInAsAda } from "../../../test/signIn";
import { ProfileSettings } from "./ProfileSettings";

const server = answers();
beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});
const PROFILE = "PATCH /v2/users/me";
const texts = { post: 500, alt_text: 1500, display_name: 50, bio: 12, location: 30, website: 100 };

beforeEach(() => {
  server.on("GET /v2/limits", {
    texts: Object.fromEntries(
      Object.entries(texts).map(([name, max]) => [name, { max_characters: max, max_code_points: max * 10 }]),
    ),
    media: { kinds: [{ kind: "picture", content_types: ["image/png"] }] },
  });
});

const open = () =>
  renderPage(
    <>
      <ProfileSettings />
      <Link to="/public">Elsewhere</Link>
    </>,
  );
const field = (name: string) => screen.findByRole<HTMLInputElement>("textbox", { name });
const save = () => screen.getByRole<HTMLButtonElement>("button", { name: "Save" });
const sent = () => server.sent.filter(({ method }) => method === "PATCH");

it("sends only what changed, and has nothing to save after that", async () => {
  server.on(PROFILE, { ...ada, location: "Kyoto" });
  await open();
  await userEvent.type(await field("Location"), "Kyoto");
  await userEvent.click(save());
  await screen.findByText("Saved.");
  expect(sent()[0]?.body).toEqual({ location: "Kyoto" });
  expect((await field("Location")).value).toBe("Kyoto");
  expect(save().getAttribute("aria-disabled")).toBe("true");
});

it("writes the scheme of a website that was left out", async () => {
  server.on(PROFILE, ada);
  await open();
  await userEvent.type(await field("Website"), "roost.example");
  await userEvent.click(save());
  await waitFor(() => expect(sent()[0]?.body).toEqual({ website: "https://roost.example" }));
});

it("shows what the server refuses at the field, in the user's words", async () => {
  server.on(PROFILE, () =>
    Response.json(
      {
        type: "/problems/VALIDATION_FAILED",
        title: "Validation failed",
        status: 422,
        detail: "website: must be an address",
        reason: "VALIDATION_FAILED",
        violations: [{ field: "website", rule: "string.web_address", detail: "must be an address" }],
      },
      { status: 422 },
    ),
  );
  await open();
  const website = await field("Website");
  await userEvent.type(website, "nothing");
  await userEvent.click(save());

  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("This is no web address.");
  expect(website.getAttribute("aria-describedby")).toBe(alert.id);
  expect(website.value).toBe("nothing");

  await userEvent.type(website, ".example");
  expect(screen.queryByRole("alert")).toBeNull();
});

it("counts what a reader sees as one character, and sends nothing that is too long", async () => {
  await open();
  const bio = await field("Bio");
  await userEvent.click(bio);
  await userEvent.paste("👨‍👩‍👧‍👦".repeat(12));
  expect(await screen.findByText("12/12")).toBeTruthy();
  expect(save().getAttribute("aria-disabled")).toBeNull();
  await userEvent.type(bio, "a");
  expect(screen.getByRole("alert").textContent).toBe("1 character too many");
  expect(save().getAttribute("aria-disabled")).toBe("true");
});

it("says why a save failed, keeps the text, and repeats it with the same key", async () => {
  server.on(PROFILE, () => problem(504, "DEADLINE_EXCEEDED"));
  await open();
  await userEvent.type(await field("Bio"), "Hello");
  await userEvent.click(save());
  await screen.findByText("The server took too long to answer.");
  expect((await field("Bio")).value).toBe("Hello");

  server.on(PROFILE, { ...ada, bio: "Hello" });
  await userEvent.click(save());
  await screen.findByText("Saved.");
  expect(new Set(sent().map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
});

it("does not leave unsaved changes before the user agrees", async () => {
  await open();
  await userEvent.type(await field("Bio"), "Hello");
  const link = screen.getByRole("link", { name: "Elsewhere" });
  await userEvent.click(link);
  const dialog = await screen.findByRole("dialog", { name: "Leave without saving?" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Keep editing" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(link);
  expect((await field("Bio")).value).toBe("Hello");

  await userEvent.click(link);
  await userEvent.click(await screen.findByRole("button", { name: "Leave" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("leaves a page without changes at once", async () => {
  await open();
  await field("Bio");
  await userEvent.click(screen.getByRole("link", { name: "Elsewhere" }));
  expect(screen.queryByRole("dialog")).toBeNull();
});

it("removes a picture when it is saved", async () => {
  server.on("GET /v2/users/me", { ...ada, avatar_media_id: "7" });
  server.on(PROFILE, ada);
  await open();
  await userEvent.click(await screen.findByRole("button", { name: "Remove profile picture" }));
  expect(screen.queryByRole("button", { name: "Remove profile picture" })).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Change profile picture" }));
  await userEvent.click(save());
  await waitFor(() => expect(sent()[0]?.body).toEqual({ avatar_media_id: null }));
});

it("crops a picture, uploads it once, and repeats a save without sending it again", async () => {
  vi.stubGlobal("createImageBitmap", async () => ({ width: 400, height: 200, close: () => undefined }));
  const drawn = vi.fn();
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
    drawImage: drawn,
    clearRect: () => undefined,
  } as never);
  HTMLCanvasElement.prototype.toBlob = (done) => done(new Blob(["pixels"], { type: "image/png" }));
  URL.createObjectURL = () => "blob:picture";
  URL.revokeObjectURL = () => undefined;
  const medium = { id: "9", state: "processing" };
  server.on("POST /v2/media", () => Response.json(medium, { status: 202 }));
  server.on("GET /v2/media/9/wait", { ...medium, state: "ready" });
  server.on(PROFILE, () => problem(503, "OVERLOADED"));

  await open();
  await userEvent.upload(await screen.findByLabelText("Change profile picture", { selector: "input" }), new File(["file"], "a.png", { type: "image/png" }));
  const dialog = await screen.findByRole("dialog", { name: "Change profile picture" });
  expect(within(dialog).getByRole<HTMLInputElement>("slider", { name: "Up and down" }).disabled).toBe(true);
  await userEvent.click(within(dialog).getByRole("button", { name: "Apply" }));
  // The middle of the picture, as a square.
  expect(drawn.mock.lastCall?.slice(1, 5)).toEqual([100, 0, 200, 200]);

  await userEvent.click(save());
  await screen.findByText(/The server is busy/);
  server.on(PROFILE, { ...ada, avatar_media_id: "9" });
  await userEvent.click(save());
  await screen.findByText("Saved.");
  expect(server.sent.filter(({ path }) => path === "/v2/media")).toHaveLength(1);
  expect(sent().map(({ body }) => body)).toEqual([{ avatar_media_id: "9" }, { avatar_media_id: "9" }]);
});

it("says that a file is no picture that the browser can open", async () => {
  vi.stubGlobal("createImageBitmap", () => Promise.reject(new DOMException("no picture")));
  await open();
  await userEvent.upload(await screen.findByLabelText("Change banner", { selector: "input" }), new File(["?"], "a.png", { type: "image/png" }));
  expect((await screen.findByRole("alert")).textContent).toContain("cannot open the picture");
});

it("says that the profile could not be read, and reads it again", async () => {
  server.on("GET /v2/users/me", () => problem(404, "USER_NOT_FOUND"));
  await open();
  await screen.findByText("There is no such user.");
  server.on("GET /v2/users/me", ada);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await field("Name")).toBeTruthy();
});
