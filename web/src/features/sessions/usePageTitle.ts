import { useEffect } from "react";

/** Names a page without a head in the window's title. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Roost`;
  }, [title]);
}
