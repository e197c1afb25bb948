import { type ReactNode, useState } from "react";

import { positionOf, posterOf, variant } from "../media/variants";
import { type Attachment, kindOf } from "./attachments";
import type { Upload } from "./uploads";

interface PreviewProps {
  attachment: Attachment;
  upload: Upload | undefined;
  className: string | undefined;
  /** Stands where the browser cannot show the file, and for audio. */
  fallback?: ReactNode;
}

/** A picture of a medium: from the file while it is uploaded, then from the server. */
export function Preview({ attachment, upload, className, fallback = null }: PreviewProps) {
  const [broken, setBroken] = useState<string>();
  const medium = upload?.state.phase === "ready" ? upload.state.medium : undefined;
  const kind = medium?.kind ?? kindOf(attachment.contentType);
  const served = medium && (kind === "video" ? posterOf(medium) : (variant(medium, "small") ?? variant(medium, "thumb"))?.url);
  // The file is there already: it does not flicker when the server has it.
  const own = upload?.preview !== undefined && broken !== upload.preview ? upload.preview : undefined;
  const address = own ?? served;
  if (!address || kind === "audio") return fallback;
  const style = { objectPosition: positionOf(attachment.focalPoint) };
  if (kind === "video" && address === own) {
    return (
      <video
        className={className}
        src={address}
        muted
        playsInline
        preload="metadata"
        aria-hidden
        onError={() => setBroken(address)}
      />
    );
  }
  return (
    <img
      className={className}
      style={style}
      src={address}
      alt={attachment.altText}
      draggable={false}
      {...(address === own ? {} : { crossOrigin: "anonymous" as const })}
      onError={() => setBroken(address)}
    />
  );
}
