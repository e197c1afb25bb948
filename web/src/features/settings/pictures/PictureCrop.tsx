import { type PointerEvent, useCallback, useEffect, useRef, useState } from "react";

import { Button } from "../../../design/Button";
import { Dialog } from "../../../design/Dialog";
import { useText } from "../../../i18n/messages";
import styles from "./PictureCrop.module.css";
import { type Crop, MAX_ZOOM, WHOLE, areaOf, moved, outputSize, zoomed } from "./crop";

/** One turn of a wheel by this many pixels doubles the zoom. */
const WHEEL_PIXELS = 500;
const JPEG_QUALITY = 0.92;

interface PictureCropProps {
  title: string;
  picture: ImageBitmap;
  /** Pictures without transparency stay JPEG, which is smaller. */
  contentType: string;
  /** Width by height of what is kept. */
  aspect: number;
  /** In pixels. */
  maxWidth: number;
  /** Shows what a round picture cuts off. */
  round?: boolean;
  onCrop: (blob: Blob) => void;
  onClose: () => void;
}

/** Chooses the part of a picture that is kept: by dragging and the wheel, or by three sliders. */
export function PictureCrop({
  title,
  picture,
  contentType,
  aspect,
  maxWidth,
  round = false,
  onCrop,
  onClose,
}: PictureCropProps) {
  const text = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [crop, setCrop] = useState<Crop>(WHOLE);
  const [failed, setFailed] = useState(false);
  const area = areaOf(picture, aspect, crop);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    element.width = Math.round(element.clientWidth * devicePixelRatio) || 1;
    element.height = Math.round(element.width / aspect);
    draw(element, picture, aspect, crop);
  }, [picture, aspect, crop]);

  const turn = useCallback(
    (event: WheelEvent) => {
      event.preventDefault();
      setCrop((before) => zoomed(picture, aspect, before, before.zoom * 2 ** (-event.deltaY / WHEEL_PIXELS)));
    },
    [picture, aspect],
  );
  useEffect(() => {
    // React's listener is passive, and the page would scroll.
    const element = canvas.current;
    element?.addEventListener("wheel", turn, { passive: false });
    return () => element?.removeEventListener("wheel", turn);
  }, [turn]);

  const drag = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const scale = area.width / event.currentTarget.clientWidth;
    const { movementX, movementY } = event;
    setCrop((before) => moved(picture, aspect, before, -movementX * scale, -movementY * scale));
  };

  const apply = () => {
    const output = document.createElement("canvas");
    Object.assign(output, outputSize(area, maxWidth));
    draw(output, picture, aspect, crop);
    const type = contentType === "image/jpeg" ? "image/jpeg" : "image/png";
    output.toBlob((blob) => (blob ? onCrop(blob) : setFailed(true)), type, JPEG_QUALITY);
  };

  return (
    <Dialog title={title} onClose={onClose} full>
      <div className={styles.body}>
        <div className={styles.view} data-round={round}>
          <canvas
            ref={canvas}
            className={styles.canvas}
            style={{ aspectRatio: aspect }}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={drag}
          >
            {text("settings.crop_hint")}
          </canvas>
        </div>
        <p className={styles.hint}>{text("settings.crop_hint")}</p>
        <Slider
          label={text("settings.zoom")}
          min={1}
          max={MAX_ZOOM}
          value={crop.zoom}
          onChange={(zoom) => setCrop(zoomed(picture, aspect, crop, zoom))}
        />
        <Slider
          label={text("settings.position_x")}
          max={1}
          value={crop.x}
          disabled={picture.width - area.width < 0.5}
          onChange={(x) => setCrop({ ...crop, x })}
        />
        <Slider
          label={text("settings.position_y")}
          max={1}
          value={crop.y}
          disabled={picture.height - area.height < 0.5}
          onChange={(y) => setCrop({ ...crop, y })}
        />
        {failed && (
          <p className={styles.failure} role="alert">
            {text("settings.picture_unreadable")}
          </p>
        )}
        <div className={styles.buttons}>
          <Button variant="secondary" onClick={onClose}>
            {text("common.cancel")}
          </Button>
          <Button onClick={apply}>{text("settings.apply")}</Button>
        </div>
      </div>
    </Dialog>
  );
}

interface SliderProps {
  label: string;
  min?: number;
  max: number;
  value: number;
  disabled?: boolean;
  onChange: (value: number) => void;
}

function Slider({ label, min = 0, max, value, disabled = false, onChange }: SliderProps) {
  return (
    <label className={styles.slider}>
      <span>{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={0.01}
        value={value}
        disabled={disabled}
        // Left and right of a picture are the same in every script.
        dir="ltr"
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </label>
  );
}

function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, aspect: number, crop: Crop): void {
  const context = canvas.getContext("2d");
  const area = areaOf(picture, aspect, crop);
  if (!context) return;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, area.left, area.top, area.width, area.height, 0, 0, canvas.width, canvas.height);
}
