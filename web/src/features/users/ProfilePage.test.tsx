import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";

import type { User } from "../../api/client";
import { session } from "../../api/session";
import { NO_RELATIONSHIP, ada, hello, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { ProfilePage } from "./ProfilePage";

const server = answers();

vi.mock("@tanstack/react-router", async (original) => ({
  ...(await original<typeof import("@tanstack/react-router")>()),
  useParams: () => ({ handle: "bob" }),
}));

async function render(user: User | undefined) {
  server.on("GET /v2/users", { items: user ? [user] : [], next_cursor: null });
  if (user) {
    // A user who is blocked shows nothing.
    const author = user.relationship ? person("2", "bob", {}, { ...user.relationship, blocking: false }) : user;
    let blocked = user.relationship?.blocking === true;
    server.on(`DELETE /v2/users/${user.id}/block`, () => {
      blocked = false;
      return Response.json({ ...NO_RELATIONSHIP, user_id: user.id });
    });
    server.on(`GET /v2/users/${user.id}/posts`, () =>
      Response.json({
        items: blocked ? [] : [{ id: "20", post: { ...hello, author }, reposted_by: null }],
        next_cursor: null,
      }),
    );
  }
  return renderPage(<ProfilePage />);
}

async function choose(item: string) {
  await userEvent.click(await screen.findByRole("button", { name: "More about @bob" }));
  await userEvent.click(screen.getByRole("menuitem", { name: item, hidden: true }));
}

beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});

it("shows a block with a way to end it, and not the posts", async () => {
  await render(person("2", "bob", {}, { blocking: true }));

  await screen.findByRole("heading", { name: "You block @bob." });
  expect(screen.queryByText("#roost")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Unblock: @bob" }));

  await screen.findByText("#roost");
  screen.getByRole("button", { name: "Follow: @bob" });
});

it("keeps showing the block when ending it is refused", async () => {
  await render(person("2", "bob", {}, { blocking: true }));
  server.on("DELETE /v2/users/2/block", () => problem(404, "USER_NOT_FOUND"));

  await userEvent.click(await screen.findByRole("button", { name: "Unblock: @bob" }));

  await screen.findByText(/Could not unblock\. There is no such user/);
  screen.getByRole("heading", { name: "You block @bob." });
});

it("blocks from the menu, and follows end with it", async () => {
  server.on("PUT /v2/users/2/block", { ...NO_RELATIONSHIP, user_id: "2", blocking: true });
  await render(person("2", "bob", {}, { following: true, followed_by: true }));

  await choose("Block @bob");
  await userEvent.click(screen.getByRole("button", { name: "Block" }));

  await screen.findByRole("heading", { name: "You block @bob." });
  expect(screen.queryByText("Follows you")).toBeNull();
});

it("shows a mute beside the posts, with a way to end it, and takes a refusal back", async () => {
  server.on("DELETE /v2/users/2/mute", () => problem(404, "USER_NOT_FOUND"));
  await render(person("2", "bob", {}, { muting: true }));

  await screen.findByText("#roost");
  screen.getByText(/You mute @bob/);
  await userEvent.click(screen.getByRole("button", { name: "Unmute" }));
  await screen.findByText(/Could not unmute/);
  screen.getByText(/You mute @bob/);

  server.on("DELETE /v2/users/2/mute", { ...NO_RELATIONSHIP, user_id: "2" });
  await userEvent.click(screen.getByRole("button", { name: "Unmute" }));
  await waitFor(() => expect(screen.queryByText(/You mute @bob/)).toBeNull());
});

it("explains a protected account, and that a request waits", async () => {
  server.on("PUT /v2/users/2/follow", { ...NO_RELATIONSHIP, user_id: "2", follow_requested: true });
  await render(person("2", "bob", { protected: true }));

  await screen.findByText("Only followers whom @bob accepts see them.");
  await userEvent.click(screen.getByRole("button", { name: "Follow: @bob" }));

  await screen.findByText(/@bob has not answered your request yet/);
  screen.getByRole("button", { name: "Requested: @bob" });
  // Nothing is read that would be refused.
  expect(server.sent.some(({ path }) => path === "/v2/users/2/posts")).toBe(false);
});

it("answers a follow request on the profile of who asks", async () => {
  server.on("PUT /v2/follow-requests/2", { ...NO_RELATIONSHIP, user_id: "2", followed_by: true });
  await render(person("2", "bob", {}, { follow_requested_by: true }));

  await userEvent.click(await screen.findByRole("button", { name: "Accept: @bob" }));

  await screen.findByText("Follows you");
  expect(screen.queryByText("@bob asks to follow you.")).toBeNull();
});

it("leads the user to edit their own profile, and offers neither following nor blocking", async () => {
  await render({ ...ada, handle: "bob" });

  const edit = await screen.findByRole("link", { name: "Edit profile" });
  expect(edit.getAttribute("href")).toBe("/settings/profile");
  expect(screen.queryByRole("button", { name: /^Follow/ })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "More about @bob" }));
  screen.getByRole("menuitem", { name: "Copy link to profile", hidden: true });
  expect(screen.queryByRole("menuitem", { name: /Block/, hidden: true })).toBeNull();
});

it("says that an account does not exist", async () => {
  await render(undefined);
  await screen.findByText("This account does not exist");
});

it("links the counts to the lists", async () => {
  await render(person("2", "bob"));
  expect((await screen.findByRole("link", { name: "2 followers" })).getAttribute("href")).toBe("/@bob/followers");
  expect(screen.getByRole("link", { name: "3 following" }).getAttribute("href")).toBe("/@bob/following");
});

it("shows a stranger what is public", async () => {
  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  await session.signOut();
  await render({ ...ada, id: "2", handle: "bob" });

  await screen.findByText("#roost");
  await userEvent.click(screen.getByRole("button", { name: "More about @bob" }));
  expect(screen.queryByRole("menuitem", { name: /Mute|Block/, hidden: true })).toBeNull();
});
