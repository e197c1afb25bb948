/** Ids are decimal numbers in strings, and sort by time. Numbers of JavaScript are too short for them. */

/** Whether an id is newer than another one. Everything is newer than none. */
export function isNewer(id: string | null, than: string | null): boolean {
  if (id === null) return false;
  if (than === null) return true;
  return id.length === than.length ? id > than : id.length > than.length;
}
