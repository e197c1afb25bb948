import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { accessToken, chooseAccess } from "./access";
import { Header } from "./Header";

beforeEach(() => chooseAccess({ as: "stranger" }));

it("links the client and every page, and marks the one that is open", () => {
  render(<Header current="graphiql" />);
  const links = screen.getAllByRole("link").map((link) => link.getAttribute("href"));
  expect(links).toEqual([
    "#content",
    "/",
    "/docs",
    "/docs/graphql.html",
    "/docs/problems.html",
    "/v1/asyncapi.json",
    "/sign-in",
  ]);
  expect(screen.getByRole("link", { current: "page" }).textContent).toBe("GraphiQL");
});

it("takes an access token for the requests that follow", async () => {
  render(<Header current="reference" />);
  const choice = screen.getByRole("combobox", { name: "Send requests" });
  expect(screen.queryByLabelText("Access token")).toBeNull();
  await userEvent.selectOptions(choice, "with an access token");
  await userEvent.type(screen.getByLabelText("Access token"), "secret");
  expect(await accessToken()).toBe("secret");
  await userEvent.selectOptions(choice, "as a stranger");
  expect(await accessToken()).toBeUndefined();
});

it("offers the session only to users who are signed in", () => {
  render(<Header current="reference" />);
  expect(screen.getByRole("option", { name: "as the user signed in here" })).toHaveProperty("disabled", true);
});

it("has no token where no request is sent", () => {
  render(<Header current="problems" />);
  expect(screen.queryByRole("combobox")).toBeNull();
});
