/** Sends one part of an upload to the object store. `fetch` does not report progress. */

import { Unreachable } from "../../api/problem";

/** The object store refused a part: its address has expired, or the store has a problem. */
export class PartRefused extends Error {
  override readonly name = "PartRefused";

  constructor(readonly status: number) {
    super(`The object store answered ${status}.`);
  }
}

/** PUTs the bytes without further headers. `onProgress` gets the number of bytes that were sent. */
export function putPart(
  url: string,
  bytes: Blob,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", abort);
      settle();
    };
    request.open("PUT", url);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () =>
      end(() => {
        if (request.status < 300) resolve();
        else reject(new PartRefused(request.status));
      });
    request.onerror = () => end(() => reject(new Unreachable("The object store could not be reached.")));
    request.onabort = () => end(() => reject(new DOMException("The upload was cancelled.", "AbortError")));
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    request.send(bytes);
  });
}
