import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { PostMenu } from "../posts/PostMenu";
import { PreferencesPage } from "./PreferencesPage";
import { WatchButton } from "./WatchButton";
import { KINDS, type Preferences } from "./queries";

const server = answers();
const preferences: Preferences = {
  kinds: Object.fromEntries(KINDS.map((kind) => [kind, { from: "everyone", push: true }])) as Preferences["kinds"],
  muted_conversation_ids: [],
  watched_user_ids: [],
  email_digest: false,
  time_zone: "Europe/Berlin",
  quiet_hours: null,
};
const bob = { ...ada, id: "2", handle: "bob", display_name: "Bob" };
const sent = (method: string) => server.sent.filter((request) => request.method === method);

beforeEach(async () => {
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/notifications/preferences", preferences);
  await session.signIn("ada", "a long pass phrase");
});

it("has every kind with whose activities notify and whether they are pushed", async () => {
  await renderPage(<PreferencesPage />);
  await screen.findByRole("group", { name: "Mentions" });
  expect(screen.getAllByRole("combobox", { name: /: from whom$/ })).toHaveLength(KINDS.length);
  expect(screen.getAllByRole("checkbox", { name: "Push" })).toHaveLength(KINDS.length);
});

it("shows a change before the server answers, and sends only this kind", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PATCH /v2/notifications/preferences", () => new Promise((resolve) => (answer = resolve)));
  await renderPage(<PreferencesPage />);
  const likes = await screen.findByRole("group", { name: "Likes" });
  await userEvent.click(within(likes).getByRole("checkbox"));

  expect(within(likes).getByRole<HTMLInputElement>("checkbox").checked).toBe(false);
  await waitFor(() => expect(sent("PATCH")[0]?.body).toEqual({ kinds: { like: { from: "everyone", push: false } } }));
  answer(Response.json({ ...preferences, kinds: { ...preferences.kinds, like: { from: "nobody", push: false } } }));
  await waitFor(() => expect(within(likes).getByRole<HTMLSelectElement>("combobox").value).toBe("nobody"));
});

it("takes a refused change back and says why, without a later one", async () => {
  const answersTo: ((response: Response) => void)[] = [];
  server.on("PATCH /v2/notifications/preferences", () => new Promise((resolve) => answersTo.push(resolve)));
  await renderPage(<PreferencesPage />);
  const likes = await screen.findByRole("group", { name: "Likes" });
  await userEvent.click(within(likes).getByRole("checkbox"));
  await userEvent.click(screen.getByRole("switch", { name: "Daily digest" }));
  await waitFor(() => expect(answersTo).toHaveLength(1));
  answersTo[0]?.(problem(422, "VALIDATION_FAILED"));

  await screen.findByText(/Could not change your preferences\. Something in the form is not right/);
  expect(within(likes).getByRole<HTMLInputElement>("checkbox").checked).toBe(true);
  const digest = screen.getByRole<HTMLInputElement>("switch", { name: "Daily digest" });
  expect(digest.checked).toBe(true);
  await waitFor(() => expect(answersTo).toHaveLength(2));
  answersTo[1]?.(Response.json({ ...preferences, email_digest: true }));
  await waitFor(() => expect(digest.checked).toBe(true));
});

it("has quiet hours whose ends differ", async () => {
  server.on("PATCH /v2/notifications/preferences", ({ body }) => Response.json({ ...preferences, ...(body as object) }));
  await renderPage(<PreferencesPage />);
  await userEvent.click(await screen.findByRole("switch", { name: "Quiet hours" }));
  await waitFor(() => expect(sent("PATCH")[0]?.body).toEqual({ quiet_hours: { start_hour: 22, end_hour: 7 } }));

  const from = await screen.findByRole<HTMLSelectElement>("combobox", { name: "From" });
  expect([...from.options].map((option) => option.value)).not.toContain("7");
  await userEvent.selectOptions(from, "23");
  await waitFor(() => expect(sent("PATCH")[1]?.body).toEqual({ quiet_hours: { start_hour: 23, end_hour: 7 } }));
});

it("lists who is watched and what is muted, and ends both", async () => {
  server.on("GET /v2/notifications/preferences", { ...preferences, watched_user_ids: ["2"], muted_conversation_ids: ["10"] });
  server.on("GET /v2/users/2", bob);
  server.on("GET /v2/posts", { items: [hello] });
  server.on("DELETE /v2/users/2/watch", () => new Response(null, { status: 204 }));
  server.on("DELETE /v2/posts/10/conversation-mute", () => problem(404, "POST_NOT_FOUND"));
  await renderPage(<PreferencesPage />);

  await userEvent.click(await screen.findByRole("button", { name: "Stop watching: @bob" }));
  await screen.findByText("Press the bell on a profile to watch somebody.");
  await userEvent.click(await screen.findByRole("button", { name: /Unmute: Hello #roost/ }));
  await screen.findByText(/Could not unmute the conversation\./);
  screen.getByRole("button", { name: /Unmute/ });
});

it("says why preferences cannot be read, and reads them again", async () => {
  server.on("GET /v2/notifications/preferences", () => problem(403, "ACCOUNT_PROTECTED"));
  await renderPage(<PreferencesPage />);
  const again = await screen.findByRole("button", { name: "Try again" });
  server.on("GET /v2/notifications/preferences", preferences);
  await userEvent.click(again);
  await screen.findByRole("group", { name: "Likes" });
});

it("says that a browser without push cannot receive it", async () => {
  await renderPage(<PreferencesPage />);
  await screen.findByText(/This browser cannot receive push notifications/);
});

it("watches a user by the bell, and takes it back where it is refused", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PUT /v2/users/2/watch", () => new Promise((resolve) => (answer = resolve)));
  await renderPage(<WatchButton user={bob} />);
  await userEvent.click(await screen.findByRole("button", { name: "Notify me of new posts of @bob" }));

  const on = await screen.findByRole("button", { name: "Do not notify me of new posts of @bob" });
  expect(on.getAttribute("aria-pressed")).toBe("true");
  answer(problem(404, "USER_NOT_FOUND"));
  await screen.findByText(/Could not watch\. There is no such user/);
  screen.getByRole("button", { name: "Notify me of new posts of @bob" });
});

it("has no bell where a protected account is not followed", async () => {
  await renderPage(<WatchButton user={{ ...bob, protected: true }} />);
  await waitFor(() => expect(sent("GET").some(({ path }) => path === "/v2/notifications/preferences")).toBe(true));
  expect(screen.queryByRole("button", { name: /Notify me/ })).toBeNull();
});

it("mutes the conversation of a post by its menu", async () => {
  server.on("PUT /v2/posts/10/conversation-mute", () => new Response(null, { status: 204 }));
  await renderPage(<PostMenu post={hello} />);
  await userEvent.click(await screen.findByRole("button", { name: "More" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Mute conversation", hidden: true }));
  await waitFor(() => expect(sent("PUT")).toHaveLength(1));

  await userEvent.click(screen.getByRole("button", { name: "More" }));
  await screen.findByRole("menuitem", { name: "Unmute conversation", hidden: true });
});
