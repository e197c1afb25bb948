/** idb-keyval in memory: jsdom has no IndexedDB. */

type Store = Map<string, unknown>;

export const createStore = (): Store => new Map();
export const entries = async (store: Store) => [...store.entries()];
export const get = async (key: string, store: Store) => store.get(key);
export const set = async (key: string, value: unknown, store: Store) => void store.set(key, value);
export const setMany = async (all: [string, unknown][], store: Store) => {
  for (const [key, value] of all) store.set(key, value);
};
export const del = async (key: string, store: Store) => void store.delete(key);
export const delMany = async (keys: string[], store: Store) => {
  for (const key of keys) store.delete(key);
};
export const clear = async (store: Store) => store.clear();
