/// <reference lib="webworker" />
/** The service worker: the client opens without a connection, and pictures that were seen stay. */

import { CacheableResponsePlugin } from "workbox-cacheable-response";
import { ExpirationPlugin } from "workbox-expiration";
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";
import { CacheFirst } from "workbox-strategies";

import apiPaths from "../../api-paths.json";
import { listenToPush } from "./push";

declare const self: ServiceWorkerGlobalScope;

const MAX_PICTURES = 300;
const DAY_SECONDS = 24 * 60 * 60;

cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);

// Each page is the client's index, but for the paths of the API.
registerRoute(
  new NavigationRoute(createHandlerBoundToURL("/index.html"), {
    denylist: apiPaths.map((path) => new RegExp(`^${escaped(path.replace(/\/$/, ""))}(/|$)`)),
  }),
);

// Public pictures have addresses that never change.
registerRoute(
  ({ request, url }) => request.destination === "image" && url.origin !== self.location.origin,
  new CacheFirst({
    cacheName: "pictures",
    fetchOptions: { credentials: "omit" },
    plugins: [
      new CacheableResponsePlugin({ statuses: [200] }),
      new ExpirationPlugin({
        maxEntries: MAX_PICTURES,
        maxAgeSeconds: 7 * DAY_SECONDS,
        purgeOnQuotaError: true,
      }),
    ],
  }),
);

listenToPush(self);

// A new release takes over when the page says so.
self.addEventListener("message", (event) => {
  if ((event.data as { type?: string } | null)?.type === "SKIP_WAITING") void self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
