/** Which file of a medium is shown where. */

import type { Medium } from "../../api/client";

type Variant = Medium["variants"][number];

export function variant(medium: Medium, name: string): Variant | undefined {
  return medium.variants.find((each) => each.name === name);
}

/** The pictures of different sizes, from which the browser chooses. */
export function pictureSet(medium: Medium): { src: string | undefined; srcSet: string | undefined } {
  const sizes = medium.variants.filter((each) => each.content_type === "image/webp" && each.width);
  return {
    src: (variant(medium, "compat") ?? sizes.at(-1))?.url,
    srcSet: sizes.length > 0 ? sizes.map((each) => `${each.url} ${each.width}w`).join(", ") : undefined,
  };
}

/** The picture that stands for a clip until it plays. */
export function posterOf(medium: Medium): string | undefined {
  return (variant(medium, "poster") ?? variant(medium, "compat"))?.url;
}

/** Where `object-position` puts a focal point; undefined for the centre. */
export function positionOf(focalPoint: Medium["focal_point"]): string | undefined {
  return focalPoint ? `${((focalPoint.x + 1) / 2) * 100}% ${((1 - focalPoint.y) / 2) * 100}%` : undefined;
}
