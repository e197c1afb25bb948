import { type Medium, api, unwrap } from "../../../api/client";
import { idempotent, newIdempotencyKey } from "../../../api/idempotency";
import { Problem } from "../../../api/problem";

/** A picture that was cropped and is not uploaded yet. */
export interface NewPicture {
  blob: Blob;
  /** Shows it on this page. */
  url: string;
}

interface Upload {
  key: string;
  mediumId?: string;
}

// A picture that was uploaded before its profile was refused is not sent twice.
const uploads = new WeakMap<Blob, Upload>();

/** Uploads a picture, waits for its processing, and returns its id. */
export async function uploadPicture({ blob }: NewPicture): Promise<string> {
  const upload = uploads.get(blob) ?? { key: newIdempotencyKey() };
  uploads.set(blob, upload);
  upload.mediumId ??= (await send(blob, upload.key)).id;
  let medium = await wait(upload.mediumId);
  while (medium.state === "processing") medium = await wait(medium.id);
  if (medium.state === "ready") return medium.id;
  uploads.delete(blob);
  throw new Problem({
    type: "about:blank",
    title: "Medium not usable",
    status: 422,
    detail: "The picture could not be processed.",
    reason: medium.failure ?? "MEDIA_CORRUPT",
  });
}

async function send(file: Blob, key: string): Promise<Medium> {
  const form = new FormData();
  form.set("file", file, "picture");
  return unwrap(
    api.POST("/v2/media", {
      params: { header: idempotent(key) },
      // The generated type of a file is a string.
      body: form as never,
      bodySerializer: (body) => body as unknown as FormData,
    }),
  );
}

function wait(mediumId: string): Promise<Medium> {
  return unwrap(api.GET("/v2/media/{medium_id}/wait", { params: { path: { medium_id: mediumId } } }));
}
