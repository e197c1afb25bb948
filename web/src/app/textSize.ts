/** How large all text is, and what is measured by it: that of the browser, or a multiple of it. */

export const TEXT_SIZES = ["small", "normal", "large", "largest"] as const;

export type TextSize = (typeof TEXT_SIZES)[number];

const ITEM = "roost.text-size";

export function chosenTextSize(): TextSize {
  const size = localStorage.getItem(ITEM);
  return TEXT_SIZES.find((each) => each === size) ?? "normal";
}

export function chooseTextSize(size: TextSize): void {
  if (size === "normal") localStorage.removeItem(ITEM);
  else localStorage.setItem(ITEM, size);
  applyTextSize();
}

export function applyTextSize(): void {
  const size = chosenTextSize();
  if (size === "normal") delete document.documentElement.dataset["textSize"];
  else document.documentElement.dataset["textSize"] = size;
}
