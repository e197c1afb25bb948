import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { type User, api, unwrap } from "../../api/client";
import type { PagedList } from "../../api/pages";
import { NO_RELATIONSHIP, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { UserList } from "./UserList";

const server = answers();

const list: PagedList<User> = {
  key: ["users", "1", "followers"],
  read: (cursor) =>
    unwrap(
      api.GET("/v2/users/{user_id}/followers", {
        params: { path: { user_id: "1" }, query: cursor ? { cursor } : {} },
      }),
    ),
};

const rows = () => within(screen.getByRole("feed", { name: "Followers" })).getAllByRole("article");
const render = () => renderPage(<UserList label="Followers" list={list} empty={<p>Nobody</p>} />);

beforeEach(() => signInAsAda(server));

it("shows each user with name, handle, bio and a button, and reads the next page", async () => {
  server.on("GET /v2/users/1/followers", ({ search }) =>
    Response.json(
      search.get("cursor") === "next"
        ? { items: [person("4", "dan")], next_cursor: null }
        : {
            items: [person("2", "bob", { bio: "Writes about birds." }, { followed_by: true }), person("3", "carol")],
            next_cursor: "next",
          },
    ),
  );
  await render();

  await screen.findByText("DAN");
  expect(rows()).toHaveLength(3);
  const [bob] = rows();
  within(bob!).getByText("Writes about birds.");
  within(bob!).getByText("Follows you");
  within(bob!).getByRole("button", { name: "Follow back: @bob" });
  expect(within(bob!).getByRole("link", { name: "BOB @bob" }).getAttribute("href")).toBe("/@bob");
});

it("takes a refused follow back and says why", async () => {
  server.on("GET /v2/users/1/followers", { items: [person("2", "bob")], next_cursor: null });
  server.on("PUT /v2/users/2/follow", () => problem(422, "TOO_MANY_FOLLOWS"));
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Follow: @bob" }));

  await screen.findByText(/Could not follow\. You follow as many people as possible/);
  screen.getByRole("button", { name: "Follow: @bob" });
});

it("asks to follow a protected user, and withdraws the request", async () => {
  const protectedBob = person("2", "bob", { protected: true });
  server.on("GET /v2/users/1/followers", { items: [protectedBob], next_cursor: null });
  server.on("PUT /v2/users/2/follow", { ...NO_RELATIONSHIP, user_id: "2", follow_requested: true });
  server.on("DELETE /v2/users/2/follow", { ...NO_RELATIONSHIP, user_id: "2" });
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Follow: @bob" }));
  await userEvent.click(await screen.findByRole("button", { name: "Requested: @bob" }));

  await screen.findByRole("button", { name: "Follow: @bob" });
  await waitFor(() => expect(server.sent.map(({ method }) => method)).toContain("DELETE"));
});

it("offers to end a block in place of following", async () => {
  server.on("GET /v2/users/1/followers", { items: [person("2", "bob", {}, { blocking: true })], next_cursor: null });
  server.on("DELETE /v2/users/2/block", { ...NO_RELATIONSHIP, user_id: "2" });
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Unblock: @bob" }));

  await screen.findByRole("button", { name: "Follow: @bob" });
});

it("says what is missing, and reads again", async () => {
  server.on("GET /v2/users/1/followers", () => problem(403, "ACCOUNT_PROTECTED"));
  await render();
  await screen.findByText("This account is protected.");

  server.on("GET /v2/users/1/followers", { items: [], next_cursor: null });
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("Nobody");
});
