import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { NO_RELATIONSHIP, ada, person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { BlocksPage, MutesPage } from "./RestrictionPages";

const server = answers();

beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});

it("unblocks in the list, and blocks again where that was a mistake", async () => {
  server.on("GET /v2/blocks", { items: [person("2", "bob", {}, { blocking: true })], next_cursor: null });
  server.on("DELETE /v2/users/2/block", { ...NO_RELATIONSHIP, user_id: "2" });
  server.on("PUT /v2/users/2/block", { ...NO_RELATIONSHIP, user_id: "2", blocking: true });
  await renderPage(<BlocksPage />);

  await userEvent.click(await screen.findByRole("button", { name: "Unblock: @bob" }));
  await userEvent.click(await screen.findByRole("button", { name: "Block: @bob" }));

  await screen.findByRole("button", { name: "Unblock: @bob" });
  await waitFor(() => expect(server.sent.filter(({ method }) => method === "PUT")).toHaveLength(1));
});

it("keeps an account blocked where unblocking is refused", async () => {
  server.on("GET /v2/blocks", { items: [person("2", "bob", {}, { blocking: true })], next_cursor: null });
  server.on("DELETE /v2/users/2/block", () => problem(404, "USER_NOT_FOUND"));
  await renderPage(<BlocksPage />);

  await userEvent.click(await screen.findByRole("button", { name: "Unblock: @bob" }));

  await screen.findByText(/Could not unblock\. There is no such user/);
  screen.getByRole("button", { name: "Unblock: @bob" });
});

it("keeps an account muted where unmuting is refused, and unmutes it the next time", async () => {
  server.on("GET /v2/mutes", { items: [person("2", "bob", {}, { muting: true })], next_cursor: null });
  server.on("DELETE /v2/users/2/mute", () => problem(404, "USER_NOT_FOUND"));
  await renderPage(<MutesPage />);

  await userEvent.click(await screen.findByRole("button", { name: "Unmute: @bob" }));
  await screen.findByText(/Could not unmute/);

  server.on("DELETE /v2/users/2/mute", { ...NO_RELATIONSHIP, user_id: "2" });
  await userEvent.click(screen.getByRole("button", { name: "Unmute: @bob" }));
  await screen.findByRole("button", { name: "Mute: @bob" });
});

it("says what blocks and mutes are where there are none", async () => {
  server.on("GET /v2/blocks", { items: [], next_cursor: null });
  server.on("GET /v2/mutes", { items: [], next_cursor: null });
  await renderPage(
    <>
      <BlocksPage />
      <MutesPage />
    </>,
  );
  await screen.findByText("You block nobody");
  await screen.findByText("You mute nobody");
});
