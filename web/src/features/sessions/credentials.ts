/** The rules of handles and passwords that the form can check before the server does. */

export const MAX_HANDLE = 15;
export const MIN_PASSWORD = 8;
export const MAX_PASSWORD = 256;

/** A handle as people type it: maybe with an @, maybe with spaces around it. */
export function cleanHandle(typed: string): string {
  return typed.trim().replace(/^@/, "");
}

/** Whether the server takes it, unless it is taken or reserved. */
export function isHandle(handle: string): boolean {
  return /^[A-Za-z0-9_]{1,15}$/.test(handle);
}
