import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { person } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { ProfileHover } from "./ProfileHover";

const server = answers();
const bob = person("2", "bob", { bio: "Old words" });

const rest = (pointerType: string) => {
  // jsdom has no pointer events with a type.
  const event = new MouseEvent("pointerover", { bubbles: true });
  Object.defineProperty(event, "pointerType", { value: pointerType });
  fireEvent(screen.getByText("A link"), event);
};

beforeEach(async () => {
  server.on("GET /v2/users", { items: [{ ...bob, bio: "Writes about birds." }], next_cursor: null });
  await signInAsAda(server);
  await renderPage(
    <ProfileHover user={bob}>
      <a href="/@bob">A link</a>
    </ProfileHover>,
  );
  await screen.findByText("A link");
});

it("shows the profile while a mouse rests on the link, and closes with Escape", async () => {
  rest("mouse");
  await screen.findByText("Writes about birds.");
  expect(screen.getByText("Follow")).toBeTruthy();

  fireEvent.keyDown(document, { key: "Escape" });
  await waitFor(() => expect(screen.queryByText("Writes about birds.")).toBeNull());
});

it("shows nothing for a finger", async () => {
  rest("touch");
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(server.sent.some(({ path }) => path === "/v2/users")).toBe(false);
});
