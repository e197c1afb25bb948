import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../api/session";
import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { SignInPage } from "./SignInPage";
import { SignUpPage } from "./SignUpPage";

const server = answers();
const SIGN_UP = "POST /v2/cookie-sessions/users";
const joined = () =>
  Response.json(
    { user: ada, access_token: "token", access_expires_at: new Date(Date.now() + 900_000).toISOString() },
    { status: 201 },
  );

beforeEach(async () => {
  server.on("DELETE /v2/cookie-sessions/current", () => new Response(null, { status: 204 }));
  server.on("GET /v2/users", { items: [], next_cursor: null });
  if (session.state.status === "signed-in") await session.endWithAccount();
});

const handle = () => screen.findByLabelText<HTMLInputElement>("Handle");
const password = () => screen.findByLabelText<HTMLInputElement>("Password");
const submit = (name = "Create account") => userEvent.click(screen.getByRole("button", { name }));
const sent = () => server.sent.filter(({ method }) => method === "POST");

it("says while one types which handles can be had", async () => {
  server.on("GET /v2/users", ({ search }) =>
    Response.json({ items: search.get("handle") === "ada" ? [ada] : [], next_cursor: null }),
  );
  await renderPage(<SignUpPage />);
  await userEvent.type(await handle(), "@ada");
  await screen.findByText("@ada is taken.");
  await userEvent.type(await handle(), "_l");
  await screen.findByText("Available");
  await userEvent.type(await handle(), " x");
  await screen.findByText(/Only letters/);
  await userEvent.clear(await handle());
  await userEvent.type(await handle(), "a".repeat(17));
  await screen.findByText("2 characters too many");
});

it("counts what a password still lacks", async () => {
  await renderPage(<SignUpPage />);
  await userEvent.type(await password(), "plum b");
  await screen.findByText("2 more characters");
  await userEvent.type(await password(), "arge");
  expect(screen.queryByText(/more character/)).toBeNull();
});

it("says at the field why an account was refused, and goes there", async () => {
  server.on(SIGN_UP, () => problem(409, "HANDLE_TAKEN"));
  await renderPage(<SignUpPage />);
  await userEvent.type(await handle(), "ada");
  await userEvent.type(await password(), "plum barge lantern");
  await submit();
  expect((await screen.findByRole("alert")).textContent).toBe("This handle is taken.");
  expect(document.activeElement).toBe(await handle());

  server.on(SIGN_UP, () => problem(422, "PASSWORD_TOO_WEAK"));
  await userEvent.type(await handle(), "2");
  expect(screen.queryByRole("alert")).toBeNull();
  await submit();
  await screen.findByText("This password is too easy to guess.");
  expect(document.activeElement).toBe(await password());
});

it("creates one account where the first answer got lost", async () => {
  server.on(SIGN_UP, () => problem(504, "DEADLINE_EXCEEDED"));
  await renderPage(<SignUpPage />);
  await userEvent.type(await handle(), "ada");
  await userEvent.type(await password(), "plum barge lantern");
  await submit();
  await screen.findByText("The server took too long to answer.");
  server.on(SIGN_UP, joined);
  await submit();
  await waitFor(() => expect(session.state.status).toBe("signed-in"));
  expect(sent()).toHaveLength(2);
  expect(new Set(sent().map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1);
});

it("says how long to wait after too many attempts", async () => {
  server.on("POST /v2/cookie-sessions", () => {
    const refused = problem(429, "TOO_MANY_PASSWORD_ATTEMPTS");
    refused.headers.set("retry-after", "600");
    return refused;
  });
  await renderPage(<SignInPage />);
  await userEvent.type(await handle(), " @ada ");
  await userEvent.type(await password(), "wrong");
  await submit("Sign in");
  await screen.findByText("Too many attempts. Try again in 10 minutes.");
  expect(sent()[0]?.body).toMatchObject({ handle: "ada", password: "wrong" });
});

it("does not say whether handle or password was wrong", async () => {
  server.on("POST /v2/cookie-sessions", () => problem(401, "CREDENTIALS_WRONG"));
  await renderPage(<SignInPage />);
  await userEvent.type(await handle(), "ada");
  await userEvent.type(await password(), "wrong");
  await submit("Sign in");
  await screen.findByText("Handle or password is wrong.");
  await userEvent.type(await password(), "!");
  expect(screen.queryByRole("alert")).toBeNull();
});
