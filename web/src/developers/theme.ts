/** Whether the pages are dark: by the theme that was chosen in the client, or by the system. */

import { chosenTheme } from "../app/theme";

const system = matchMedia("(prefers-color-scheme: dark)");

/** Calls with the answer now, and again when the system changes. Returns what ends that. */
export function followDark(show: (isDark: boolean) => void): () => void {
  const follow = () => {
    const theme = chosenTheme();
    show(theme === "dark" || (theme === "system" && system.matches));
  };
  follow();
  system.addEventListener("change", follow);
  return () => system.removeEventListener("change", follow);
}
