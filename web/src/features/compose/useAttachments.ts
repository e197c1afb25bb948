import { useCallback, useEffect, useMemo, useRef } from "react";

import type { Medium, Schemas } from "../../api/client";
import { type Attachment, type Refusal, canCombine, contentTypeOf, kindOf, sortFiles } from "./attachments";
import { type Upload, resumeUnreachable, uploads, useUploads } from "./uploads";

interface Attachments {
  uploads: ReadonlyMap<string, Upload>;
  /** The media, once all of them are ready. */
  ready: Medium[] | undefined;
  /** Whether a post can have media of these kinds: the server names them after processing. */
  combines: boolean;
  /** Begins to upload files. Returns those that are not taken. */
  add: (files: File[]) => Refusal[];
  remove: (attachment: Attachment) => void;
  /** Takes the media that the edited post has. */
  adopt: () => void;
  /** Leaves the media to the post that has them now. */
  release: () => void;
}

/** Uploads what a draft has, and goes on with what was begun before. `owned` are media of the edited post. */
export function useAttachments(
  attachments: readonly Attachment[],
  owned: readonly Medium[],
  limits: Schemas["MediaLimits"] | undefined,
  change: (change: (attachments: Attachment[]) => Attachment[]) => void,
): Attachments {
  const all = useUploads();
  const initial = useRef({ attachments, owned });
  useEffect(() => {
    for (const attachment of initial.current.attachments) {
      const medium = initial.current.owned.find(({ id }) => id === attachment.mediumId);
      if (medium) uploads.adopt(attachment.id, medium);
      else uploads.resume(attachment);
    }
  }, []);

  // A draft keeps the ids of its media, so that a crash costs nothing.
  useEffect(() => {
    const missing = attachments.some(({ id, mediumId }) => !mediumId && all.get(id)?.mediumId);
    if (!missing) return;
    change((now) =>
      now.map((attachment) => {
        const mediumId = attachment.mediumId ?? all.get(attachment.id)?.mediumId;
        return mediumId ? { ...attachment, mediumId } : attachment;
      }),
    );
  }, [attachments, all, change]);

  useEffect(() => {
    const resume = () => resumeUnreachable(attachments);
    addEventListener("online", resume);
    return () => removeEventListener("online", resume);
  }, [attachments]);

  const kinds = useMemo(
    () =>
      attachments.flatMap(({ id, contentType }) => {
        const state = all.get(id)?.state;
        const kind = state?.phase === "ready" ? state.medium.kind : kindOf(contentType);
        return kind ? [kind] : [];
      }),
    [attachments, all],
  );
  const media = attachments.flatMap(({ id }) => {
    const state = all.get(id)?.state;
    return state?.phase === "ready" ? [state.medium] : [];
  });

  const add = useCallback(
    (files: File[]): Refusal[] => {
      if (!limits) return [];
      const { accepted, refusals } = sortFiles(files, kinds, limits);
      const added = accepted.map((file) => ({
        attachment: {
          id: crypto.randomUUID(),
          name: file.name,
          contentType: contentTypeOf(file),
          altText: "",
          focalPoint: null,
          changed: false,
        } satisfies Attachment,
        file,
      }));
      if (added.length > 0) change((now) => [...now, ...added.map(({ attachment }) => attachment)]);
      for (const { attachment, file } of added) uploads.add(attachment, file);
      return refusals;
    },
    [limits, kinds, change],
  );
  const remove = (attachment: Attachment) => {
    change((now) => now.filter(({ id }) => id !== attachment.id));
    if (owned.some(({ id }) => id === attachment.mediumId)) uploads.forget(attachment.id);
    else uploads.remove(attachment);
  };
  const adopt = () => {
    for (const medium of owned) uploads.adopt(medium.id, medium);
  };
  const release = () => {
    for (const { id } of attachments) uploads.forget(id);
  };

  return {
    uploads: all,
    ready: media.length === attachments.length ? media : undefined,
    combines: limits === undefined || canCombine(kinds, limits),
    add,
    remove,
    adopt,
    release,
  };
}
