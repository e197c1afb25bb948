/** Takes the place of XMLHttpRequest in tests: parts of uploads are answered by the test. */

import { afterEach, beforeEach } from "vitest";

type Answering = "at once" | "by the test";

/** One PUT of bytes. */
export class Transfer {
  readonly upload: { onprogress: ((event: { loaded: number }) => void) | null } = { onprogress: null };
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onabort: (() => void) | null = null;
  status = 0;
  url = "";
  method = "";
  bytes: Blob | undefined;
  aborted = false;
  ended = false;

  constructor(private readonly started: (transfer: Transfer) => void) {}

  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
  }

  send(bytes: Blob): void {
    this.bytes = bytes;
    this.started(this);
  }

  abort(): void {
    if (this.ended) return;
    this.ended = true;
    this.aborted = true;
    this.onabort?.();
  }

  progress(loaded: number): void {
    this.upload.onprogress?.({ loaded });
  }

  answer(status: number): void {
    this.ended = true;
    this.status = status;
    this.onload?.();
  }

  fail(): void {
    this.ended = true;
    this.onerror?.();
  }
}

export interface Transfers {
  all: Transfer[];
  /** Whether parts succeed at once, or wait for the test. */
  answer: (how: Answering) => void;
}

export function transfers(): Transfers {
  const all: Transfer[] = [];
  const real = globalThis.XMLHttpRequest;
  let answering: Answering = "at once";
  beforeEach(() => {
    all.length = 0;
    answering = "at once";
    globalThis.XMLHttpRequest = class extends Transfer {
      constructor() {
        super((transfer) => {
          all.push(transfer);
          if (answering === "at once") queueMicrotask(() => transfer.answer(200));
        });
      }
    } as unknown as typeof XMLHttpRequest;
    // jsdom has no addresses of files.
    URL.createObjectURL = () => "blob:file";
    URL.revokeObjectURL = () => undefined;
  });
  afterEach(() => {
    globalThis.XMLHttpRequest = real;
  });
  return { all, answer: (how) => (answering = how) };
}
