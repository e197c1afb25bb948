/** The IndexedDB databases of the client: cached queries, waiting actions, the pushed device, files of uploads. */

import { type UseStore, createStore } from "idb-keyval";

// idb-keyval makes one object store a database.
export const fileStore: UseStore = createStore("roost-files", "files");
export const queryStore: UseStore = createStore("roost-queries", "queries");
export const outboxStore: UseStore = createStore("roost-outbox", "actions");
export const pushStore: UseStore = createStore("roost-push", "device");
