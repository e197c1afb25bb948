/** Files that are being uploaded, kept in the browser, so that an upload goes on after a crash. */

import { clear, del, get, set } from "idb-keyval";

import { fileStore } from "./store";

/** Keeps a file. Where that fails, as on a full disk, its upload ends with the page. */
export async function keepFile(id: string, file: Blob): Promise<void> {
  await set(id, file, fileStore).catch(() => undefined);
}

export async function keptFile(id: string): Promise<Blob | undefined> {
  return get<Blob>(id, fileStore).catch(() => undefined);
}

export async function forgetFile(id: string): Promise<void> {
  await del(id, fileStore).catch(() => undefined);
}

/** Removes all files: after signing out. */
export async function forgetFiles(): Promise<void> {
  await clear(fileStore).catch(() => undefined);
}
