/** Moves the focus to the next or the previous card, from the first visible one where there is none. */
export function focusCard(selector: string, by: 1 | -1): void {
  const cards = [...document.querySelectorAll<HTMLElement>(selector)];
  const current = document.activeElement?.closest<HTMLElement>(selector);
  const at = current ? cards.indexOf(current) + by : cards.findIndex((card) => card.getBoundingClientRect().top >= 0);
  const card = cards[at];
  if (!card) return;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}
