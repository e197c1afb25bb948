import { useSyncExternalStore } from "react";

/** From this width the list of the settings stands beside their pages, as in `SettingsLayout.module.css`. */
const WIDE = "(width >= 64rem)";

export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(WIDE);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => matchMedia(WIDE).matches,
  );
}
