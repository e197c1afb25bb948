/** The IndexedDB database of the client: cached queries and waiting actions. */

import { type UseStore, createStore } from "idb-keyval";

// idb-keyval makes one object store a database.
export const queryStore: UseStore = createStore("roost-queries", "queries");
export const outboxStore: UseStore = createStore("roost-outbox", "actions");
