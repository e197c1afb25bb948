/** Which part of a picture is kept: the geometry of cropping. */

export const MAX_ZOOM = 4;

export interface Size {
  width: number;
  height: number;
}

/** Where the kept part lies. At zoom 1 it is as large as the picture allows. */
export interface Crop {
  zoom: number;
  /** From 0 (left, or top) to 1, of the room that there is. */
  x: number;
  y: number;
}

export interface Area extends Size {
  left: number;
  top: number;
}

export const WHOLE: Crop = { zoom: 1, x: 0.5, y: 0.5 };

/** The kept part, in pixels of the picture. `aspect` is its width by its height. */
export function areaOf(picture: Size, aspect: number, { zoom, x, y }: Crop): Area {
  const width = Math.min(picture.width, picture.height * aspect) / zoom;
  const height = width / aspect;
  return { width, height, left: x * (picture.width - width), top: y * (picture.height - height) };
}

/** Moves the kept part by so many pixels of the picture. */
export function moved(picture: Size, aspect: number, crop: Crop, right: number, down: number): Crop {
  const area = areaOf(picture, aspect, crop);
  return {
    ...crop,
    x: share(area.left + right, picture.width - area.width),
    y: share(area.top + down, picture.height - area.height),
  };
}

/** Another zoom around the same middle. */
export function zoomed(picture: Size, aspect: number, crop: Crop, zoom: number): Crop {
  const before = areaOf(picture, aspect, crop);
  const next = { ...crop, zoom: Math.min(MAX_ZOOM, Math.max(1, zoom)) };
  const after = areaOf(picture, aspect, next);
  return {
    ...next,
    x: share(before.left + (before.width - after.width) / 2, picture.width - after.width),
    y: share(before.top + (before.height - after.height) / 2, picture.height - after.height),
  };
}

/** How large the kept part is uploaded: never larger than it is, and at most `maxWidth`. */
export function outputSize(area: Size, maxWidth: number): Size {
  const scale = Math.min(1, maxWidth / area.width);
  return { width: Math.max(1, Math.round(area.width * scale)), height: Math.max(1, Math.round(area.height * scale)) };
}

function share(position: number, room: number): number {
  // Half a pixel of room is none.
  return room < 0.5 ? 0.5 : Math.min(1, Math.max(0, position / room));
}
