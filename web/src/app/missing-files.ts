/** What happens when a file of the client is gone, because a newer release took its place. */

/** The release that the page was reloaded for at last, by the address of its first file. */
const ITEM = "roost.reloaded";

/**
 * Reloads the page when a file that is loaded later is missing. Once for each release: a file that
 * the reloaded page misses as well is a failure.
 */
export function reloadForMissingFiles(): void {
  addEventListener("vite:preloadError", (event) => void reloadIfGone(event.payload));
}

async function reloadIfGone(error: Error): Promise<void> {
  const address = /(https?:\/)?\/\S+/.exec(error.message)?.[0];
  if (address === undefined || sessionStorage.getItem(ITEM) === import.meta.url) return;
  // The router has reloaded the page for this file.
  if (sessionStorage.getItem(`tanstack_router_reload:${error.message}`) !== null) return;
  // Without a connection the file is not gone, and nothing could be loaded in its place.
  const answer = await fetch(address, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
  if (answer?.status !== 404) return;
  sessionStorage.setItem(ITEM, import.meta.url);
  location.reload();
}
