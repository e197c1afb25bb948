import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";

import type { Medium } from "../../api/client";
import { IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { useText } from "../../i18n/messages";
import styles from "./MediaGrid.module.css";
import { pictureSet } from "./variants";

interface MediaViewerProps {
  media: readonly Medium[];
  initial: number;
  onClose: () => void;
}

/** One picture as large as the window allows, with its alternative text. */
export function MediaViewer({ media, initial, onClose }: MediaViewerProps) {
  const text = useText();
  const pictures = media.filter((medium) => medium.kind === "picture" || medium.kind === "animation");
  const [index, setIndex] = useState(() => Math.max(0, pictures.indexOf(media[initial] as Medium)));
  const medium = pictures[index];
  if (!medium) return null;
  const { src, srcSet } = pictureSet(medium);
  const move = (by: number) => setIndex((now) => (now + by + pictures.length) % pictures.length);

  return (
    <Dialog title={text("media.viewer", { index: index + 1, count: pictures.length })} onClose={onClose} full>
      <div className={styles.viewer}>
        <img src={src} srcSet={srcSet} sizes="90vw" alt={medium.alt_text} crossOrigin="anonymous" />
        {pictures.length > 1 && (
          <div className={styles.pager}>
            <IconButton label={text("media.previous")} onClick={() => move(-1)}>
              <ChevronLeft />
            </IconButton>
            <IconButton label={text("media.next")} onClick={() => move(1)}>
              <ChevronRight />
            </IconButton>
          </div>
        )}
        {medium.alt_text && <p dir="auto">{medium.alt_text}</p>}
      </div>
    </Dialog>
  );
}
