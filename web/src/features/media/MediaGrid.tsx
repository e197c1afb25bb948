import { type CSSProperties, useState } from "react";

import type { Medium } from "../../api/client";
import { useText } from "../../i18n/messages";
import styles from "./MediaGrid.module.css";
import { MediaViewer } from "./MediaViewer";
import { pictureSet, positionOf, posterOf, variant } from "./variants";

/** Wider or taller pictures are cut to these shapes. */
const WIDEST = 2;
const TALLEST = 0.75;
/** A small picture is not enlarged, but for this width in pixels. */
const SMALLEST = 320;

/** The media of a post. A picture opens by itself. */
export function MediaGrid({ media }: { media: readonly Medium[] }) {
  const [opened, setOpened] = useState<number>();
  if (media.length === 0) return null;
  return (
    <div className={styles.grid} data-count={media.length}>
      {media.map((medium, index) => (
        <Cell key={medium.id} medium={medium} single={media.length === 1} onOpen={() => setOpened(index)} />
      ))}
      {opened !== undefined && (
        <MediaViewer media={media} initial={opened} onClose={() => setOpened(undefined)} />
      )}
    </div>
  );
}

interface CellProps {
  medium: Medium;
  single: boolean;
  onOpen: () => void;
}

function Cell({ medium, single, onOpen }: CellProps) {
  const text = useText();
  const shape = single ? styles.single : "";
  const style = {
    "--width": `${Math.max(medium.width ?? 640, SMALLEST)}px`,
    "--ratio": Math.min(Math.max((medium.width ?? 16) / (medium.height ?? 9), TALLEST), WIDEST),
    ...(medium.dominant_color ? { background: medium.dominant_color } : {}),
  } as CSSProperties;

  if (medium.state !== "ready") {
    return (
      <div className={styles.processing}>
        {text(medium.state === "failed" ? "media.failed" : "media.processing")}
      </div>
    );
  }
  if (medium.kind === "audio") {
    return (
      <div className={styles.audio}>
        {medium.alt_text && <p dir="auto">{medium.alt_text}</p>}
        {/* The alternative text of a sound stands above it. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <audio controls preload="none" src={variant(medium, "audio")?.url} aria-label={medium.alt_text || text("media.audio")} />
      </div>
    );
  }
  if (medium.kind === "video") {
    return (
      <div className={`${styles.cell} ${shape}`} style={style}>
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video
          controls
          playsInline
          preload="none"
          crossOrigin="anonymous"
          poster={posterOf(medium)}
          src={variant(medium, "video")?.url}
          aria-label={medium.alt_text || text("media.video")}
        />
      </div>
    );
  }
  const label = medium.alt_text || text("media.picture");
  return (
    <button
      type="button"
      className={`${styles.cell} ${shape}`}
      style={style}
      onClick={onOpen}
      aria-label={text("media.open", { description: label })}
    >
      <Picture medium={medium} sizes={single ? "(width < 44rem) 80vw, 520px" : "(width < 44rem) 40vw, 260px"} />
      <span className={styles.marks} aria-hidden>
        {medium.kind === "animation" && <span>GIF</span>}
        {medium.alt_text && <span>ALT</span>}
      </span>
    </button>
  );
}

function Picture({ medium, sizes }: { medium: Medium; sizes: string }) {
  const { src, srcSet } = pictureSet(medium);
  const animated = medium.kind === "animation";
  const picture = (
    <img
      src={animated ? (medium.variants.find((each) => each.content_type === "image/webp")?.url ?? src) : src}
      srcSet={srcSet}
      sizes={sizes}
      alt={medium.alt_text}
      crossOrigin="anonymous"
      loading="lazy"
      decoding="async"
      width={medium.width ?? undefined}
      height={medium.height ?? undefined}
      style={{ objectPosition: positionOf(medium.focal_point) }}
    />
  );
  if (!animated) return picture;
  return (
    // Who wants less motion sees a still picture, until they open it.
    <picture>
      <source media="(prefers-reduced-motion: reduce)" srcSet={variant(medium, "compat")?.url} />
      {picture}
    </picture>
  );
}
