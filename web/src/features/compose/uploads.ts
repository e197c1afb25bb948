/**
 * The uploads of this tab. They go on while the composer is closed.
 *
 * A file is kept in the browser until all of its bytes have arrived. After a crash the upload goes
 * on with the parts that are missing: its idempotency key finds the upload that was begun.
 */

import { useSyncExternalStore } from "react";

import { type Medium, type Schemas, api, unwrap } from "../../api/client";
import { idempotent, newIdempotencyKey } from "../../api/idempotency";
import { Problem, Unreachable, isTemporary } from "../../api/problem";
import { forgetFile, keepFile, keptFile } from "../../offline/files";
import type { Attachment } from "./attachments";
import { PartRefused, putPart } from "./parts";

type UploadBody = Schemas["Upload"];

export type UploadState =
  | { phase: "uploading"; sent: number; size: number }
  | { phase: "processing"; percent: number }
  | { phase: "ready"; medium: Medium }
  | { phase: "failed"; error: unknown };

export interface Upload {
  state: UploadState;
  mediumId: string | undefined;
  /** An address of the file itself, until the server has a picture of it. */
  preview: string | undefined;
}

/** The file is not in this browser any more, so that its upload cannot go on. */
export class FileMissing extends Error {
  override readonly name = "FileMissing";
}

/** Parts of one upload that are sent at the same time. */
const PARTS_AT_ONCE = 2;
const MAX_ATTEMPTS = 4;
/** Before the second attempt; twice as long before each that follows. */
const FIRST_DELAY_MS = 500;
const WAIT_SECONDS = 10;

class Uploads {
  #all: ReadonlyMap<string, Upload> = new Map();
  readonly #running = new Map<string, AbortController>();
  readonly #listeners = new Set<() => void>();

  get all(): ReadonlyMap<string, Upload> {
    return this.#all;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Begins to upload a file. */
  add(attachment: Attachment, file: File): void {
    this.#put(attachment.id, {
      state: { phase: "uploading", sent: 0, size: file.size },
      mediumId: undefined,
      preview: URL.createObjectURL(file),
    });
    void keepFile(attachment.id, file);
    void this.#run(attachment, file);
  }

  /** Takes a medium that is ready already. */
  adopt(id: string, medium: Medium): void {
    this.#put(id, { state: { phase: "ready", medium }, mediumId: medium.id, preview: undefined });
  }

  /** Goes on with an upload of a draft, where this tab does not already. */
  resume(attachment: Attachment): void {
    const known = this.#all.get(attachment.id);
    if (known && known.state.phase !== "failed") return;
    if (!known) {
      this.#put(attachment.id, {
        state: { phase: "uploading", sent: 0, size: 0 },
        mediumId: attachment.mediumId,
        preview: undefined,
      });
    }
    void this.#run({ ...attachment, ...(known?.mediumId ? { mediumId: known.mediumId } : {}) });
  }

  /** Ends an upload and discards its medium. */
  remove({ id, mediumId }: Attachment): void {
    const known = this.#all.get(id)?.mediumId ?? mediumId;
    this.forget(id);
    void forgetFile(id);
    if (!known) return;
    const path = { medium_id: known };
    // What nothing uses is deleted after a day in any case.
    unwrap(
      api.DELETE("/v2/media/{medium_id}", { params: { path, header: idempotent(newIdempotencyKey()) } }),
    ).catch(() => undefined);
  }

  /** Ends an upload here, and leaves its medium alone. */
  forget(id: string): void {
    this.#running.get(id)?.abort();
    this.#running.delete(id);
    const preview = this.#all.get(id)?.preview;
    if (preview) URL.revokeObjectURL(preview);
    const all = new Map(this.#all);
    all.delete(id);
    this.#replace(all);
  }

  async #run(attachment: Attachment, given?: Blob): Promise<void> {
    const { id } = attachment;
    const cancel = new AbortController();
    const { signal } = cancel;
    this.#running.set(id, cancel);
    try {
      let medium = await this.#send(attachment, given, signal);
      await forgetFile(id);
      while (medium.state === "processing") {
        this.#update(id, { state: { phase: "processing", percent: medium.progress } });
        medium = await wait(medium.id, signal);
      }
      if (medium.state === "ready") this.#update(id, { state: { phase: "ready", medium } });
      else throw failureOf(medium);
    } catch (error) {
      if (!signal.aborted) this.#update(id, { state: { phase: "failed", error } });
    } finally {
      if (this.#running.get(id) === cancel) this.#running.delete(id);
    }
  }

  /** Sends what has not arrived yet. Returns the medium when all of its bytes have. */
  async #send(attachment: Attachment, given: Blob | undefined, signal: AbortSignal): Promise<Medium> {
    const { id } = attachment;
    if (attachment.mediumId) {
      const medium = await readMedium(attachment.mediumId, signal);
      if (medium.state !== "waiting") return medium;
    }
    const file = given ?? (await keptFile(id));
    if (!file) throw new FileMissing("The file is not there any more.");
    if (!this.#all.get(id)?.preview && !signal.aborted) this.#update(id, { preview: URL.createObjectURL(file) });
    const upload = attachment.mediumId
      ? await readUpload(attachment.mediumId, signal)
      : await this.#start(attachment, file, signal);
    this.#update(id, { mediumId: upload.id });
    await this.#sendParts(id, file, upload, signal);
    return repeated(
      () =>
        unwrap(
          api.POST("/v2/media/uploads/{medium_id}/completion", {
            params: { path: { medium_id: upload.id }, header: idempotent(newIdempotencyKey()) },
            signal,
          }),
        ),
      signal,
    );
  }

  /** Begins the upload, or finds the one that was begun before a crash. */
  async #start(attachment: Attachment, file: Blob, signal: AbortSignal): Promise<UploadBody> {
    const body = { content_type: attachment.contentType, size_bytes: file.size, alt_text: "" };
    return repeated(
      () =>
        unwrap(api.POST("/v2/media/uploads", { params: { header: idempotent(attachment.id) }, body, signal })),
      signal,
    );
  }

  async #sendParts(id: string, file: Blob, upload: UploadBody, signal: AbortSignal): Promise<void> {
    let addresses = upload;
    const sent = new Map<number, number>();
    const report = (part?: number, bytes = 0) => {
      if (part !== undefined) sent.set(part, bytes);
      const total = [...sent.values()].reduce((sum, each) => sum + each, 0);
      this.#update(id, { state: { phase: "uploading", sent: total, size: file.size } });
    };
    const starts = new Map<number, number>();
    let start = 0;
    for (const part of upload.parts) {
      starts.set(part.number, start);
      start += part.size_bytes;
      if (part.received) sent.set(part.number, part.size_bytes);
    }
    report();
    const waiting = upload.parts.filter((part) => !part.received);

    const sendNext = async (): Promise<void> => {
      for (let part = waiting.shift(); part; part = waiting.shift()) {
        const { number, size_bytes: size } = part;
        const from = starts.get(number) ?? 0;
        const bytes = file.slice(from, from + size);
        await repeated(async () => {
          const current = addresses.parts.find((each) => each.number === number);
          if (current && !current.received && current.url) {
            try {
              await putPart(current.url, bytes, (done) => report(number, Math.min(done, size)), signal);
            } catch (error) {
              report(number);
              // The address may have expired; the part may have arrived in spite of the failure.
              if (!signal.aborted) addresses = await readUpload(upload.id, signal);
              throw error;
            }
          }
          report(number, size);
        }, signal);
      }
    };
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, sendNext));
  }

  #update(id: string, changes: Partial<Upload>): void {
    const known = this.#all.get(id);
    if (known) this.#put(id, { ...known, ...changes });
  }

  #put(id: string, upload: Upload): void {
    this.#replace(new Map(this.#all).set(id, upload));
  }

  #replace(all: ReadonlyMap<string, Upload>): void {
    this.#all = all;
    for (const listener of this.#listeners) listener();
  }
}

/** Repeats what failed for the moment. */
async function repeated<Output>(attempt: () => Promise<Output>, signal: AbortSignal): Promise<Output> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (number === MAX_ATTEMPTS || !canRepeat(error)) throw error;
      await pause(FIRST_DELAY_MS * 2 ** (number - 1), signal);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

const readMedium = (id: string, signal: AbortSignal): Promise<Medium> =>
  repeated(() => unwrap(api.GET("/v2/media/{medium_id}", { params: { path: { medium_id: id } }, signal })), signal);

const readUpload = (id: string, signal: AbortSignal): Promise<UploadBody> =>
  unwrap(api.GET("/v2/media/uploads/{medium_id}", { params: { path: { medium_id: id } }, signal }));

const wait = (id: string, signal: AbortSignal): Promise<Medium> =>
  repeated(
    () =>
      unwrap(
        api.GET("/v2/media/{medium_id}/wait", {
          params: { path: { medium_id: id }, query: { seconds: WAIT_SECONDS } },
          signal,
        }),
      ),
    signal,
  );

function failureOf({ failure }: Medium): Problem {
  const reason = failure ?? "MEDIA_PROCESSING_FAILED";
  return new Problem({ type: `/problems/${reason}`, title: reason, status: 422, detail: "", reason });
}

function canRepeat(error: unknown): boolean {
  // The quota of a day is no matter of seconds.
  if (error instanceof Problem && error.reason === "MEDIA_QUOTA_EXCEEDED") return false;
  return isTemporary(error) || error instanceof PartRefused;
}

/** Whether the user can go on with an upload that failed: not where the file itself is refused. */
export function canResume(error: unknown): boolean {
  return canRepeat(error) || (error instanceof Problem && error.reason === "UPLOAD_INCOMPLETE");
}

export const uploads = new Uploads();

export function useUploads(): ReadonlyMap<string, Upload> {
  return useSyncExternalStore(uploads.subscribe, () => uploads.all);
}

/** Goes on with what failed for want of a connection. */
export function resumeUnreachable(attachments: readonly Attachment[]): void {
  for (const attachment of attachments) {
    const state = uploads.all.get(attachment.id)?.state;
    if (state?.phase === "failed" && state.error instanceof Unreachable) uploads.resume(attachment);
  }
}
