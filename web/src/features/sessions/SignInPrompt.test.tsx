import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { NO_RELATIONSHIP, ada, hello, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { PostCard } from "../posts/PostCard";
import { FollowButton } from "../users/FollowButton";
import { DoIntent } from "./DoIntent";
import { SignInRequired } from "./SignInRequired";

const server = answers();
const dialog = () => screen.getByRole("dialog");
const bob = { ...ada, id: "2", handle: "bob" };

beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  await session.signOut();
  server.sent.length = 0;
});
afterEach(() => sessionStorage.clear());

/** Presses like as a stranger, and goes to sign in. */
async function wantToLike() {
  const page = await renderPage(<PostCard post={hello} />, { at: "/public" });
  await userEvent.click(await screen.findByRole("button", { name: "Like, 4 likes" }));
  await userEvent.click(within(dialog()).getByRole("link", { name: "Sign in" }));
  page.unmount();
}

it("offers a stranger to sign in where an action needs it, and comes back to the post", async () => {
  await renderPage(<PostCard post={hello} />, { at: "/public" });

  await userEvent.click(await screen.findByRole("button", { name: "Like, 4 likes" }));

  within(dialog()).getByRole("heading", { name: "Sign in to like this post" });
  for (const name of ["Sign in", "Create account"]) {
    expect(within(dialog()).getByRole("link", { name }).getAttribute("href")).toContain("to=%2Fposts%2F10");
  }
  expect(server.sent).toEqual([]);
});

it("comes back to the profile where a stranger wants to follow", async () => {
  await renderPage(<FollowButton user={bob} />, { at: "/@bob" });
  await userEvent.click(await screen.findByRole("button", { name: "Follow: @bob" }));
  const link = within(dialog()).getByRole("link", { name: "Sign in" });
  expect(new URL(link.getAttribute("href") ?? "", location.origin).searchParams.get("to")).toBe("/@bob");
});

it("does after signing in what the stranger wanted, once", async () => {
  await wantToLike();
  server.on("PUT /v2/posts/10/like", { post_id: "10", counts: hello.counts, viewer: hello.viewer });
  await signInAsAda(server);

  const page = await renderPage(<DoIntent />, { at: "/posts/10" });
  const likes = () => server.sent.filter(({ method }) => method === "PUT").length;
  await waitFor(() => expect(likes()).toBe(1));
  page.unmount();
  await renderPage(<DoIntent />, { at: "/posts/10" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(likes()).toBe(1);
});

it("says why, where what the stranger wanted is refused", async () => {
  await wantToLike();
  server.on("PUT /v2/posts/10/like", () => problem(404, "POST_NOT_FOUND"));
  await signInAsAda(server);
  await renderPage(<DoIntent />, { at: "/posts/10" });
  await screen.findByText(/Could not like the post\. This post is gone/);
});

it("does nothing where the user went elsewhere, or closed the offer", async () => {
  await wantToLike();
  await signInAsAda(server);
  const elsewhere = await renderPage(<DoIntent />, { at: "/public" });
  elsewhere.unmount();
  await session.signOut();

  const card = await renderPage(<PostCard post={hello} />, { at: "/public" });
  await userEvent.click(await screen.findByRole("button", { name: "Like, 4 likes" }));
  await userEvent.click(within(dialog()).getByRole("button", { name: "Close" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  card.unmount();
  await signInAsAda(server);
  await renderPage(<DoIntent />, { at: "/posts/10" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.sent.filter(({ method }) => method === "PUT")).toEqual([]);
});

it("opens the composer after signing in, where the stranger wanted to reply", async () => {
  server.on("GET /v2/limits", () => problem(503, "OVERLOADED"));
  const card = await renderPage(<PostCard post={hello} />, { at: "/posts/10" });
  await userEvent.click(await screen.findByRole("button", { name: /^Reply/ }));
  await userEvent.click(within(dialog()).getByRole("link", { name: "Create account" }));
  card.unmount();
  await signInAsAda(server);

  await renderPage(<DoIntent />, { at: "/posts/10" });
  expect((await screen.findByRole("dialog")).textContent).toContain("@ada");
});

it("leads a stranger from a page of users to sign in, and back to it", async () => {
  await renderPage(
    <SignInRequired>
      <p>Private</p>
    </SignInRequired>,
    { at: "/settings/blocks" },
  );
  const link = await screen.findByRole("link", { name: "Sign in" });
  expect(link.getAttribute("href")).toContain("to=%2Fsettings%2Fblocks");
  expect(screen.queryByText("Private")).toBeNull();
});

it("follows after signing in with what the server says", async () => {
  const page = await renderPage(<FollowButton user={bob} />, { at: "/@bob" });
  await userEvent.click(await screen.findByRole("button", { name: "Follow: @bob" }));
  await userEvent.click(within(dialog()).getByRole("link", { name: "Sign in" }));
  page.unmount();
  server.on("PUT /v2/users/2/follow", { ...NO_RELATIONSHIP, user_id: "2", following: true });
  await signInAsAda(server);

  await renderPage(
    <>
      <DoIntent />
      <FollowButton user={person("2", "bob")} />
    </>,
    { at: "/@bob" },
  );
  await waitFor(() => expect(server.sent.map(({ path }) => path)).toContain("/v2/users/2/follow"));
});
