/** Idempotency keys: a repeated request with the same key has one effect. */

/** A new key. One key belongs to one action of the user, however often it is sent. */
export function newIdempotencyKey(): string {
  return crypto.randomUUID();
}

/** The header parameter of a mutation. */
export function idempotent(key: string): { "Idempotency-Key": string } {
  return { "Idempotency-Key": key };
}
