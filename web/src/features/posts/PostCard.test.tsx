import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useQuery } from "@tanstack/react-query";
import { beforeEach, expect, it } from "vitest";

import { queryClient } from "../../api/cache";
import type { Post } from "../../api/client";
import { session } from "../../api/session";
import { ada, hello } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { PostCard } from "./PostCard";

const server = answers();

/** A card of a post in the cache, as a list shows it. */
function CachedCard() {
  const { data } = useQuery<Post>({ queryKey: ["card"], enabled: false });
  return data ? <PostCard post={data} /> : null;
}

async function renderCard() {
  const page = await renderPage(<CachedCard />);
  queryClient.setQueryData(["card"], hello);
  await screen.findByText("Ada");
  return page;
}

beforeEach(async () => {
  server.on("POST /v2/cookie-sessions", () =>
    Response.json({
      user: ada,
      access_token: "token",
      access_expires_at: new Date(Date.now() + 900_000).toISOString(),
    }),
  );
  await session.signIn("ada", "a long pass phrase");
});

it("shows a like before the server answers", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PUT /v2/posts/10/like", () => new Promise((resolve) => (answer = resolve)));
  await renderCard();

  await userEvent.click(screen.getByRole("button", { name: "Like, 4 likes" }));

  expect(screen.getByRole("button", { name: "Like, 5 likes" }).getAttribute("aria-pressed")).toBe("true");
  answer(
    Response.json({
      post_id: "10",
      counts: { ...hello.counts, likes: 9 },
      viewer: { liked: true, reposted: false, bookmarked: false },
    }),
  );
  await screen.findByRole("button", { name: "Like, 9 likes" });
});

it("takes a refused like back, says why, and repeats it with the same key", async () => {
  server.on("PUT /v2/posts/10/like", () => problem(404, "POST_NOT_FOUND"));
  await renderCard();

  await userEvent.click(screen.getByRole("button", { name: "Like, 4 likes" }));

  await screen.findByText(/Could not like the post\. This post is gone/);
  screen.getByRole("button", { name: "Like, 4 likes" });
  await userEvent.click(screen.getByText("Try again"));
  const keys = () =>
    server.sent.filter(({ method }) => method === "PUT").map(({ headers }) => headers.get("idempotency-key"));
  await waitFor(() => expect(keys()).toHaveLength(2));
  expect(new Set(keys()).size).toBe(1);
});

it("links hashtags and names", async () => {
  await renderCard();
  expect(screen.getByRole("link", { name: "#roost" }).getAttribute("href")).toBe("/tags/roost");
  expect(screen.getByRole("link", { name: /@ada/ }).getAttribute("href")).toBe("/@ada");
});
