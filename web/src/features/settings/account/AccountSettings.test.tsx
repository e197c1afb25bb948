import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { session } from "../../../api/session";
import { ada } from "../../../test/examples";
import { renderPage } from "../../../test/render";
import { answers, problem } from "../../../test/server";
import { signInAsAda } from "../../../test/signIn";
import { AccountSettings } from "./AccountSettings";

const server = answers();
beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});
const EMAIL = "/v2/users/me/email";
const CODE = `${EMAIL}/confirmation`;
const waiting = { address: "ada@mail.example", confirmed: false };

beforeEach(() => server.on(`GET ${EMAIL}`, { address: null, confirmed: false }));

const open = () => renderPage(<AccountSettings />);
const sentTo = (path: string) => server.sent.filter((each) => each.path === path && each.method !== "GET");
const press = (name: string) => userEvent.click(screen.getByRole("button", { name }));

it("sets an address and confirms it with the code from the mail", async () => {
  server.on(`PUT ${EMAIL}`, waiting);
  server.on(`POST ${CODE}`, { ...waiting, confirmed: true });
  await open();
  const address = await screen.findByLabelText<HTMLInputElement>("Email address");
  expect(address.autocomplete).toBe("email");
  await userEvent.type(address, "ada@mail.example");
  await press("Send code");

  const code = await screen.findByLabelText<HTMLInputElement>("Code");
  expect(code.autocomplete).toBe("one-time-code");
  await userEvent.type(code, "012 345");
  await press("Confirm");
  await screen.findByText("Confirmed");
  expect(sentTo(EMAIL)[0]?.body).toEqual({ address: "ada@mail.example" });
  expect(sentTo(CODE)[0]?.body).toEqual({ code: "012345" });
});

it("says that a code is wrong, and sends another one", async () => {
  server.on(`GET ${EMAIL}`, waiting);
  server.on(`POST ${CODE}`, () => problem(422, "EMAIL_CODE_INVALID"));
  server.on(`PUT ${EMAIL}`, waiting);
  await open();
  await userEvent.type(await screen.findByLabelText("Code"), "111111");
  await press("Confirm");
  await screen.findByText(/This code is wrong or too old/);
  await press("Send again");
  await screen.findByText("A new code is on its way.");
  await press("Send again");
  await waitFor(() => expect(sentTo(EMAIL)).toHaveLength(2));
  // Each is a letter of its own.
  expect(new Set(sentTo(EMAIL).map(({ headers }) => headers.get("idempotency-key"))).size).toBe(2);
});

it("says that too many codes were sent", async () => {
  server.on(`GET ${EMAIL}`, waiting);
  server.on(`PUT ${EMAIL}`, () => problem(429, "TOO_MANY_EMAIL_CODES"));
  await open();
  await screen.findByLabelText("Code");
  await press("Send again");
  expect((await screen.findByRole("alert")).textContent).toContain("Too many codes");
});

it("says that this server sends no email", async () => {
  server.on(`PUT ${EMAIL}`, () => problem(409, "EMAIL_NOT_OFFERED"));
  await open();
  await userEvent.type(await screen.findByLabelText("Email address"), "ada@mail.example");
  await press("Send code");
  await screen.findByText("This server sends no email.");
});

it("removes an address, and shows it again where that fails", async () => {
  server.on(`GET ${EMAIL}`, { ...waiting, confirmed: true });
  server.on(`DELETE ${EMAIL}`, () => problem(503, "OVERLOADED"));
  await open();
  await screen.findByText("ada@mail.example");
  await press("Remove address");
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Remove address" }));
  await screen.findByText(/Could not remove the address/);
  expect(screen.getByText("ada@mail.example")).toBeTruthy();

  server.on(`DELETE ${EMAIL}`, () => new Response(null, { status: 204 }));
  await userEvent.click(screen.getByText("Try again"));
  await screen.findByLabelText("Email address");
});

it("changes the password, and empties the fields", async () => {
  server.on("POST /v2/users/me/password", () => new Response(null, { status: 204 }));
  await open();
  const old = await screen.findByLabelText<HTMLInputElement>("Current password");
  const next = screen.getByLabelText<HTMLInputElement>("New password");
  expect([old.autocomplete, next.autocomplete]).toEqual(["current-password", "new-password"]);
  await userEvent.type(old, "a long pass phrase");
  await userEvent.type(next, "an even longer one");
  await press("Change password");
  await screen.findByText(/The password is changed/);
  expect([old.value, next.value]).toEqual(["", ""]);
});

it("says at the field which password is not right", async () => {
  server.on("POST /v2/users/me/password", () => problem(401, "CREDENTIALS_WRONG"));
  await open();
  const old = await screen.findByLabelText("Current password");
  await userEvent.type(old, "wrong");
  await userEvent.type(screen.getByLabelText("New password"), "an even longer one");
  await press("Change password");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toBe("This is not your password.");
  expect(old.getAttribute("aria-describedby")).toBe(alert.id);
  // A wrong password is not sent twice: each time counts as an attempt.
  expect(sentTo("/v2/users/me/password")).toHaveLength(1);

  server.on("POST /v2/users/me/password", () => problem(422, "PASSWORD_TOO_WEAK"));
  await userEvent.type(old, "!");
  await press("Change password");
  await screen.findByText("This password is too easy to guess.");
});

it("shows a password while it is written", async () => {
  await open();
  const old = await screen.findByLabelText<HTMLInputElement>("Current password");
  expect(old.type).toBe("password");
  await userEvent.click(screen.getAllByRole("button", { name: "Show password" })[0] as HTMLElement);
  expect(old.type).toBe("text");
});

it("deletes the account with its password, and signs out", async () => {
  server.on("DELETE /v2/users/me", () => problem(401, "CREDENTIALS_WRONG"));
  server.on("DELETE /v2/cookie-sessions/current", () => problem(401, "SESSION_REVOKED"));
  await open();
  await userEvent.click(await screen.findByRole("button", { name: "Delete account" }));
  const dialog = within(screen.getByRole("dialog", { name: "Delete @ada?" }));
  const submit = dialog.getByRole<HTMLButtonElement>("button", { name: "Delete for good" });
  expect(submit.getAttribute("aria-disabled")).toBe("true");
  await userEvent.click(submit);
  expect(sentTo("/v2/users/me")).toEqual([]);
  await userEvent.type(dialog.getByLabelText("Your password"), "wrong");
  await userEvent.click(submit);
  await dialog.findByText("This is not your password.");
  expect(session.state.status).toBe("signed-in");

  server.on("DELETE /v2/users/me", () => new Response(null, { status: 204 }));
  await userEvent.type(dialog.getByLabelText("Your password"), " no more");
  await userEvent.click(submit);
  await waitFor(() => expect(session.state.status).toBe("signed-out"));
  expect(sentTo("/v2/users/me").at(-1)?.body).toEqual({ password: "wrong no more" });
});
