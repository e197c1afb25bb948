import { beforeEach, expect, it, vi } from "vitest";

import { forgetFiles, keepFile, keptFile } from "../../offline/files";
import { heron } from "../../test/media";
import { answers, problem } from "../../test/server";
import { transfers } from "../../test/transfers";
import type { Attachment } from "./attachments";
import { FileMissing, type UploadState, canResume, uploads } from "./uploads";

const server = answers();
const parts = transfers();
let number = 0;
let attachment: Attachment;
const file = new File(["abcdefghij"], "a.png", { type: "image/png" });

const state = () => uploads.all.get(attachment.id)?.state;
const reaches = (phase: UploadState["phase"]) => vi.waitFor(() => expect(state()?.phase).toBe(phase), 10_000);
const upload = (received: number[] = []) => ({
  id: "50",
  size_bytes: 10,
  parts: [4, 4, 2].map((size, index) => ({
    number: index + 1,
    size_bytes: size,
    received: received.includes(index + 1),
    url: received.includes(index + 1) ? null : `http://store.test/${index + 1}`,
  })),
  urls_expire_at: "2026-01-01T00:00:00.000Z",
  expires_at: "2026-01-01T00:00:00.000Z",
});
const posts = (path: string) => server.sent.filter((request) => request.method === "POST" && request.path === path);

beforeEach(async () => {
  number += 1;
  attachment = {
    id: `upload-${number}`,
    name: "a.png",
    contentType: "image/png",
    altText: "",
    focalPoint: null,
    changed: false,
  };
  await forgetFiles();
  server.on("POST /v2/media/uploads", () => Response.json(upload(), { status: 201 }));
  server.on("GET /v2/media/uploads/50", () => Response.json(upload()));
  server.on("POST /v2/media/uploads/50/completion", { ...heron, state: "processing", progress: 0, variants: [] });
  server.on("GET /v2/media/50/wait", heron);
});

it("sends each part with exactly its bytes, completes, and waits until the medium is ready", async () => {
  uploads.add(attachment, file);
  await reaches("ready");

  expect(parts.all.map(({ method, url }) => `${method} ${url}`).sort()).toEqual([
    "PUT http://store.test/1",
    "PUT http://store.test/2",
    "PUT http://store.test/3",
  ]);
  const third = parts.all.find(({ url }) => url.endsWith("/3"));
  expect(await third?.bytes?.text()).toBe("ij");
  expect(posts("/v2/media/uploads")[0]?.headers.get("idempotency-key")).toBe(attachment.id);
  expect(await keptFile(attachment.id)).toBeUndefined();
});

it("reports the bytes of all parts", async () => {
  parts.answer("by the test");
  uploads.add(attachment, file);
  await vi.waitFor(() => expect(parts.all).toHaveLength(2));
  parts.all[0]?.progress(3);
  parts.all[1]?.progress(2);
  expect(state()).toEqual({ phase: "uploading", sent: 5, size: 10 });
  uploads.remove(attachment);
});

it("sends a failed part again, to a fresh address", async () => {
  parts.answer("by the test");
  server.on("GET /v2/media/uploads/50", () => {
    const fresh = upload([2]);
    return Response.json({ ...fresh, parts: fresh.parts.map((part) => ({ ...part, url: part.url && `${part.url}?fresh` })) });
  });
  uploads.add(attachment, file);
  await vi.waitFor(() => expect(parts.all).toHaveLength(2));
  parts.answer("at once");
  parts.all[1]?.answer(200);
  parts.all[0]?.answer(403);
  await reaches("ready");
  expect(parts.all.map(({ url }) => url)).toContain("http://store.test/1?fresh");
});

it("fails when the store cannot be reached, and goes on with the missing parts on request", async () => {
  parts.answer("by the test");
  server.on("GET /v2/media/uploads/50", () => Response.json(upload([1, 2])));
  server.on("GET /v2/media/50", { ...heron, state: "waiting" });
  server.on("POST /v2/media/uploads/50/completion", () => problem(409, "UPLOAD_INCOMPLETE"));
  uploads.add(attachment, file);
  await vi.waitFor(() => expect(parts.all).toHaveLength(2));
  parts.answer("at once");
  for (const part of [...parts.all]) part.answer(200);
  await reaches("failed");
  expect(canResume((state() as { error: unknown }).error)).toBe(true);

  parts.all.length = 0;
  server.on("POST /v2/media/uploads/50/completion", heron);
  uploads.resume(attachment);
  await reaches("ready");
  expect(parts.all.map(({ url }) => url)).toEqual(["http://store.test/3"]);
  expect(posts("/v2/media/uploads")).toHaveLength(1);
});

it("goes on after a crash with the file that was kept", async () => {
  await keepFile(attachment.id, file);
  server.on("GET /v2/media/50", { ...heron, state: "waiting" });
  server.on("GET /v2/media/uploads/50", () => Response.json(upload([1])));
  uploads.resume({ ...attachment, mediumId: "50" });
  await reaches("ready");
  expect(parts.all.map(({ url }) => url).sort()).toEqual(["http://store.test/2", "http://store.test/3"]);
});

it("only waits after a crash where all bytes had arrived", async () => {
  server.on("GET /v2/media/50", { ...heron, state: "processing" });
  uploads.resume({ ...attachment, mediumId: "50" });
  await reaches("ready");
  expect(parts.all).toEqual([]);
});

it("says that the file is missing where it was not kept", async () => {
  server.on("GET /v2/media/50", { ...heron, state: "waiting" });
  uploads.resume({ ...attachment, mediumId: "50" });
  await reaches("failed");
  const { error } = state() as { error: unknown };
  expect(error).toBeInstanceOf(FileMissing);
  expect(canResume(error)).toBe(false);
});

it("names the reason for which processing failed, and offers no repetition", async () => {
  server.on("GET /v2/media/50/wait", { ...heron, state: "failed", failure: "MEDIA_CORRUPT", variants: [] });
  uploads.add(attachment, file);
  await reaches("failed");
  const { error } = state() as { error: { reason: string } };
  expect(error.reason).toBe("MEDIA_CORRUPT");
  expect(canResume(error)).toBe(false);
});

it("does not repeat what the server refuses", async () => {
  server.on("POST /v2/media/uploads", () => problem(429, "MEDIA_QUOTA_EXCEEDED"));
  uploads.add(attachment, file);
  await reaches("failed");
  expect(posts("/v2/media/uploads")).toHaveLength(1);
});

it("ends the transfer and discards the medium when it is removed", async () => {
  parts.answer("by the test");
  server.on("DELETE /v2/media/50", () => new Response(null, { status: 204 }));
  uploads.add(attachment, file);
  await vi.waitFor(() => expect(parts.all).toHaveLength(2));
  uploads.remove(attachment);
  await vi.waitFor(() => expect(server.sent.some(({ method }) => method === "DELETE")).toBe(true));
  expect(parts.all.every(({ aborted }) => aborted)).toBe(true);
  expect(uploads.all.has(attachment.id)).toBe(false);
  expect(await keptFile(attachment.id)).toBeUndefined();
});
