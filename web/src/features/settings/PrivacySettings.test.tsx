import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";

import { ada } from "../../test/examples";
import { renderPage } from "../../test/render";
import { answers, problem } from "../../test/server";
import { signInAsAda } from "../../test/signIn";
import { PrivacySettings } from "./PrivacySettings";

const server = answers();
beforeEach(async () => {
  server.on("GET /v2/users/me", ada);
  await signInAsAda(server);
});

beforeEach(() => server.on("GET /v2/users/me/settings", { alt_text_reminder: true }));

const at = (name: string) => screen.findByRole<HTMLInputElement>("switch", { name });
const changes = () => server.sent.filter(({ method }) => method === "PATCH");

it("protects the account at once", async () => {
  server.on("PATCH /v2/users/me", { ...ada, protected: true });
  await renderPage(<PrivacySettings />);
  await userEvent.click(await at("Protected account"));
  await waitFor(async () => expect((await at("Protected account")).checked).toBe(true));
  expect(changes()[0]?.body).toEqual({ protected: true });
});

it("opens a protected account only after it said what that brings", async () => {
  server.on("GET /v2/users/me", { ...ada, protected: true });
  server.on("PATCH /v2/users/me", ada);
  await renderPage(<PrivacySettings />);
  await userEvent.click(await at("Protected account"));
  await screen.findByText(/all follow requests that wait are accepted/);
  expect(changes()).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Open the account" }));
  await waitFor(() => expect(changes()[0]?.body).toEqual({ protected: false }));
  await waitFor(async () => expect((await at("Protected account")).checked).toBe(false));
});

it("takes a switch back that the server refuses, and offers to repeat it", async () => {
  server.on("PATCH /v2/users/me/settings", () => problem(503, "OVERLOADED"));
  await renderPage(<PrivacySettings />);
  await userEvent.click(await at("Remind me of descriptions"));
  await screen.findByText(/Could not save\. The server is busy/);
  expect((await at("Remind me of descriptions")).checked).toBe(true);

  server.on("PATCH /v2/users/me/settings", { alt_text_reminder: false });
  await userEvent.click(screen.getByText("Try again"));
  await waitFor(async () => expect((await at("Remind me of descriptions")).checked).toBe(false));
  expect(changes().map(({ body }) => body)).toEqual([{ alt_text_reminder: false }, { alt_text_reminder: false }]);
});
