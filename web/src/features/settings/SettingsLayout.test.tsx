import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";

import { renderPage } from "../../test/render";
import { answers } from "../../test/server";
import { AppearanceSettings } from "./AppearanceSettings";
import { SettingsIndex } from "./SettingsIndex";
import { SettingsLayout } from "./SettingsLayout";
import { SECTIONS } from "./sections";

answers();

it("offers to sign in where nobody is signed in", async () => {
  await renderPage(<SettingsLayout />);
  const link = await screen.findByRole<HTMLAnchorElement>("link", { name: "Sign in" });
  expect(link.getAttribute("href")).toContain("/sign-in?to=");
});

it("lists its pages as links", async () => {
  await renderPage(<SettingsIndex />);
  const links = await screen.findAllByRole("link");
  expect(links.map((link) => link.getAttribute("href"))).toEqual(SECTIONS.map(({ to }) => to));
});

it("changes theme, text size and language at once, and keeps them", async () => {
  await renderPage(<AppearanceSettings />);
  await userEvent.click(await screen.findByRole("radio", { name: "Dark" }));
  expect(document.documentElement.dataset["theme"]).toBe("dark");
  await userEvent.click(screen.getByRole("radio", { name: "Large" }));
  expect(document.documentElement.dataset["textSize"]).toBe("large");
  await userEvent.click(screen.getByRole("radio", { name: "Deutsch" }));
  await screen.findByRole("radio", { name: "Dunkel" });
  expect({ ...localStorage }).toMatchObject({
    "roost.theme": "dark",
    "roost.text-size": "large",
    "roost.language": "de",
  });
  await userEvent.click(screen.getByRole("radio", { name: "Wie das System" }));
  await userEvent.click(screen.getByRole("radio", { name: "Normal" }));
  expect({ ...document.documentElement.dataset }).toEqual({});
});
