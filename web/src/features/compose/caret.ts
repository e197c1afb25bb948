/** Where a character of a text area stands in the window: measured on a copy of the text. */

interface CaretBox {
  x: number;
  top: number;
  bottom: number;
}

// What decides how a text is broken into lines.
const COPIED = [
  "boxSizing",
  "direction",
  "fontFamily",
  "fontSize",
  "fontStretch",
  "fontStyle",
  "fontWeight",
  "letterSpacing",
  "lineHeight",
  "overflowWrap",
  "paddingBlockEnd",
  "paddingBlockStart",
  "paddingInlineEnd",
  "paddingInlineStart",
  "tabSize",
  "textAlign",
  "wordSpacing",
] as const;

export function caretBox(field: HTMLTextAreaElement, position: number): CaretBox {
  const copy = document.createElement("div");
  const mark = document.createElement("span");
  const style = getComputedStyle(field);
  for (const name of COPIED) copy.style[name] = style[name];
  Object.assign(copy.style, {
    position: "absolute",
    visibility: "hidden",
    whiteSpace: "pre-wrap",
    inlineSize: `${field.clientWidth}px`,
  });
  copy.dir = "auto";
  copy.append(field.value.slice(0, position), mark, field.value.slice(position) || ".");
  mark.textContent = "\u200b";
  const parent = field.parentElement ?? document.body;
  parent.append(copy);
  const base = copy.getBoundingClientRect();
  const inside = mark.getBoundingClientRect();
  copy.remove();
  const outside = field.getBoundingClientRect();
  const top = outside.top + inside.top - base.top - field.scrollTop;
  return {
    x: outside.left + inside.left - base.left,
    top,
    bottom: top + (inside.height || Number.parseFloat(style.lineHeight) || 0),
  };
}
