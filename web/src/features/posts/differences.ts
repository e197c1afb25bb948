/** What changed between two versions of a text, word by word. */

export interface Piece {
  text: string;
  change: "kept" | "added" | "removed";
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** The newer text, with what was added to it and what was removed from the older one. */
export function differences(older: string, newer: string): Piece[] {
  const before = wordsOf(older);
  const after = wordsOf(newer);
  const common = commonLengths(before, after);
  const pieces: Piece[] = [];
  const add = (text: string, change: Piece["change"]) => {
    const last = pieces.at(-1);
    if (last?.change === change) last.text += text;
    else pieces.push({ text, change });
  };
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const old = before[i];
    const current = after[j];
    if (old !== undefined && old === current) {
      add(old, "kept");
      i += 1;
      j += 1;
    } else if (old !== undefined && (current === undefined || at(common, i + 1, j) >= at(common, i, j + 1))) {
      add(old, "removed");
      i += 1;
    } else if (current !== undefined) {
      add(current, "added");
      j += 1;
    }
  }
  return pieces;
}

/** A mention or a hashtag is one word with its sign. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    const last = words.at(-1);
    if (isWordLike && (last === "@" || last === "#")) words[words.length - 1] = last + segment;
    else words.push(segment);
  }
  return words;
}

/** The length of the longest common part of the words from `i` and from `j` on. */
function commonLengths(before: string[], after: string[]): Uint16Array[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const length =
        before[i] === after[j] ? at(lengths, i + 1, j + 1) + 1 : Math.max(at(lengths, i + 1, j), at(lengths, i, j + 1));
      (lengths[i] as Uint16Array)[j] = length;
    }
  }
  return lengths;
}

function at(lengths: Uint16Array[], i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}
