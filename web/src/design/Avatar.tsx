import type { CSSProperties } from "react";

import type { User } from "../api/client";
import styles from "./Avatar.module.css";

/** The picture of a user, or their first letter. It decorates: the name stands beside it. */
export function Avatar({ user, size = 44 }: { user: Pick<User, "handle" | "display_name" | "avatar">; size?: number }) {
  const url = pictureUrl(user.avatar, size);
  return (
    <span
      className={styles.avatar}
      style={{ "--avatar": `${size / 16}rem`, "--avatar-color": colorOf(user.handle) } as CSSProperties}
      aria-hidden
    >
      {url ? (
        <img src={url} alt="" crossOrigin="anonymous" loading="lazy" decoding="async" width={size} height={size} />
      ) : (
        initial(user.display_name || user.handle)
      )}
    </span>
  );
}

function pictureUrl(medium: User["avatar"], size: number): string | undefined {
  if (medium?.state !== "ready") return undefined;
  const pictures = medium.variants
    .filter((variant) => variant.content_type.startsWith("image/") && variant.width)
    .sort((one, other) => (one.width ?? 0) - (other.width ?? 0));
  const wanted = size * Math.min(devicePixelRatio || 1, 2);
  return (pictures.find((variant) => (variant.width ?? 0) >= wanted) ?? pictures.at(-1))?.url;
}

function initial(name: string): string {
  const first = new Intl.Segmenter().segment(name)[Symbol.iterator]().next();
  return first.done ? "" : first.value.segment.toLocaleUpperCase();
}

/** A colour that stays the same for a handle, dark enough for white letters. */
function colorOf(handle: string): string {
  let hash = 0;
  for (const character of handle) hash = (hash * 31 + character.charCodeAt(0)) % 360;
  return `oklch(0.53 0.12 ${hash})`;
}
