import { useQuery } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { type SentRequest, answers, problem } from "../../test/server";
import { FollowHashtagButton } from "./FollowHashtagButton";
import { FollowedHashtagsPage } from "./FollowedHashtagsPage";
import { hashtagQuery } from "./queries";

const server = answers();

/** The button as the page of a hashtag shows it. */
function Button({ tag }: { tag: string }) {
  const { data: use } = useQuery(hashtagQuery(tag));
  return use ? <FollowHashtagButton tag={use.tag} following={use.following ?? false} /> : null;
}

const follow = (tag: string, following: boolean) => ({ tag, following, followed_at: following ? "2026-11-30T16:00:00.000Z" : null });
const mutations = (): SentRequest[] => server.sent.filter(({ path }) => path.endsWith("/follow"));

beforeEach(async () => {
  server.on("POST /v2/cookie-sessions", {
    user: ada,
    access_token: "token",
    access_expires_at: new Date(Date.now() + 900_000).toISOString(),
  });
  server.on("GET /v2/users/me", ada);
  server.on("GET /v2/hashtags/Roost", { tag: "roost", posts_count: 2, authors_count: 1, history: [], following: false });
  await session.signIn("ada", "a long pass phrase");
});

it("follows a hashtag at once, in the form that its spellings share", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PUT /v2/hashtags/roost/follow", () => new Promise((resolve) => (answer = resolve)));
  await renderPage(<Button tag="Roost" />);
  await userEvent.click(await screen.findByRole("button", { name: "Follow: #roost" }));
  const button = await screen.findByRole("button", { name: "Following: #roost" });
  expect(button.getAttribute("aria-pressed")).toBe("true");
  answer(Response.json(follow("roost", true)));
  await waitFor(() => expect(mutations()).toHaveLength(1));
  screen.getByRole("button", { name: "Following: #roost" });
});

it("takes a refused follow back, says why, and repeats it with the same key", async () => {
  server.on("PUT /v2/hashtags/roost/follow", () => problem(409, "TOO_MANY_HASHTAGS"));
  await renderPage(<Button tag="Roost" />);
  await userEvent.click(await screen.findByRole("button", { name: "Follow: #roost" }));
  await screen.findByText("Could not follow the hashtag. You follow as many hashtags as possible.");
  screen.getByRole("button", { name: "Follow: #roost" });

  await userEvent.click(screen.getByText("Try again"));
  await waitFor(() => expect(mutations()).toHaveLength(2));
  expect(new Set(mutations().map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
});

it("lists the followed hashtags, and keeps one that is unfollowed so that it can be followed again", async () => {
  server.on("GET /v2/followed-hashtags", { items: [follow("roost", true), follow("birds", true)], next_cursor: null });
  server.on("DELETE /v2/hashtags/birds/follow", follow("birds", false));
  await renderPage(<FollowedHashtagsPage />);
  await userEvent.click(await screen.findByRole("button", { name: "Following: #birds" }));
  await screen.findByRole("button", { name: "Follow: #birds" });
  screen.getByRole("button", { name: "Following: #roost" });
});

it("says that no hashtag is followed, and why the list cannot be read", async () => {
  server.on("GET /v2/followed-hashtags", { items: [], next_cursor: null });
  const empty = await renderPage(<FollowedHashtagsPage />);
  await screen.findByText("You follow no hashtags yet");
  empty.unmount();

  server.on("GET /v2/followed-hashtags", () => problem(400, "PAGE_TOKEN_INVALID", "The cursor is wrong."));
  await renderPage(<FollowedHashtagsPage />);
  await screen.findByText("The cursor is wrong.");
});
