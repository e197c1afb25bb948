/** The theme: that of the system, or the one that the user chose. */

export type Theme = "system" | "light" | "dark";

const ITEM = "roost.theme";

export function chosenTheme(): Theme {
  const theme = localStorage.getItem(ITEM);
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(ITEM);
  else localStorage.setItem(ITEM, theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = chosenTheme();
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
