/** Counts what a reader sees as one character: extended grapheme clusters, as the server counts. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

export function countCharacters(text: string): number {
  let count = 0;
  const iterator = segmenter.segment(text)[Symbol.iterator]();
  while (!iterator.next().done) count += 1;
  return count;
}
