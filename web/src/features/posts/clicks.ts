import type { MouseEvent } from "react";

/** Whether a click on a card belongs to something inside of it, or ends a selection of text. */
export function isOfItself(event: MouseEvent<HTMLElement>): boolean {
  const target = event.target as HTMLElement;
  const inner = target.closest("a, button, video, audio, dialog, [role=menu], [role=link]");
  if (inner && inner !== event.currentTarget && event.currentTarget.contains(inner)) return true;
  // React passes the events of a dialog on to where it was rendered.
  if (!event.currentTarget.contains(target)) return true;
  return !getSelection()?.isCollapsed;
}
