/** Registers the service worker, and lets a new release take over. */

/** How often an open page looks for a new release. */
const LOOK_EVERY_MS = 60 * 60 * 1000;

interface TrustedTypesFactory {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ) => { createScriptURL: (url: string) => string };
}

/** Calls `onRelease` with what activates a new release, once one is there. */
export async function registerWorker(onRelease: (activate: () => void) => void): Promise<void> {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  // Some browsers have workers but refuse them, as in private windows.
  const registration = await navigator.serviceWorker
    .register(workerUrl(), { updateViaCache: "none" })
    .catch(() => undefined);
  if (!registration) return;

  const offer = (worker: ServiceWorker) => {
    onRelease(() => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
      worker.postMessage({ type: "SKIP_WAITING" });
    });
  };
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      // The first installation replaces nothing.
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  });
  setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
}

/** The address of the worker, trusted where the browser requires it. */
function workerUrl(): string {
  const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
  if (!factory) return "/sw.js";
  const policy = factory.createPolicy("roost-worker", {
    createScriptURL: (url) => {
      if (url !== "/sw.js") throw new TypeError(`${url} is no worker of Roost.`);
      return url;
    },
  });
  return policy.createScriptURL("/sw.js");
}
