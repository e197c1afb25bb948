import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { NO_RELATIONSHIP, ada, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { FollowRequestsPage } from "./FollowRequestsPage";
import { RequestCount } from "./RequestCount";

const server = answers();
const asks = { follow_requested_by: true };
const bob = person("2", "bob", {}, asks);
const carol = person("3", "carol", {}, asks);
const dan = person("4", "dan", {}, asks);

const names = () =>
  within(screen.getByRole("feed"))
    .getAllByRole("article")
    .map((row) => within(row).getByText(/^@/).textContent);

const render = () =>
  renderPage(
    <>
      <FollowRequestsPage />
      <output aria-label="count">
        <RequestCount />
      </output>
    </>,
  );
const count = () => screen.getByLabelText("count").textContent;

beforeEach(async () => {
  server.on("GET /v2/users/me", { ...ada, protected: true });
  server.on("GET /v2/follow-requests", { items: [bob, carol, dan], next_cursor: null });
  await signInAsAda(server);
});

it("counts requests, and takes an accepted one off the list before the server answers", async () => {
  let answer: (response: Response) => void = () => undefined;
  server.on("PUT /v2/follow-requests/3", () => new Promise((resolve) => (answer = resolve)));
  await render();
  await waitFor(() => expect(count()).toBe("3"));

  await userEvent.click(screen.getByRole("button", { name: "Accept: @carol" }));

  expect(names()).toEqual(["@bob", "@dan"]);
  expect(count()).toBe("2");
  answer(Response.json({ ...NO_RELATIONSHIP, user_id: "3", followed_by: true }));
  await screen.findByText("@carol follows you now.");
});

it("puts a request back at its place when the answer is refused", async () => {
  server.on("PUT /v2/follow-requests/3", () => problem(404, "USER_NOT_FOUND"));
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Accept: @carol" }));

  await screen.findByText(/Could not accept the request\. There is no such user/);
  expect(names()).toEqual(["@bob", "@carol", "@dan"]);
  expect(count()).toBe("3");
  expect(screen.queryByText("@carol follows you now.")).toBeNull();
});

it("declines a request, and puts it back when that is refused", async () => {
  server.on("DELETE /v2/follow-requests/2", () => problem(404, "USER_NOT_FOUND"));
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Decline: @bob" }));
  await screen.findByText(/Could not decline the request/);
  expect(names()).toEqual(["@bob", "@carol", "@dan"]);

  server.on("DELETE /v2/follow-requests/2", { ...NO_RELATIONSHIP, user_id: "2" });
  await userEvent.click(screen.getByRole("button", { name: "Decline: @bob" }));
  await waitFor(() => expect(names()).toEqual(["@carol", "@dan"]));
});

it("moves the focus to the next request", async () => {
  server.on("DELETE /v2/follow-requests/2", { ...NO_RELATIONSHIP, user_id: "2" });
  await render();

  await userEvent.click(await screen.findByRole("button", { name: "Decline: @bob" }));

  await waitFor(() => expect(names()).toEqual(["@carol", "@dan"]));
  expect(document.activeElement?.textContent).toContain("@carol");
});

it("says that more requests wait than were read", async () => {
  server.on("GET /v2/follow-requests", ({ search }) =>
    search.get("cursor") ? problem(503, "OVERLOADED") : Response.json({ items: [bob, carol], next_cursor: "next" }),
  );
  await renderPage(
    <output aria-label="count">
      <RequestCount />
    </output>,
  );
  await waitFor(() => expect(count()).toBe("2+"));
});
