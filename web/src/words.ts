// The difference of two texts in words: the longest common subsequence, what was removed before what was added in its
// place (as src/host/review/word_diff.h). Texts of more than MOST words are removed and added whole.
import type { Word } from "./parts/text";

const MOST = 1000;

export function wordDiff(before: string, after: string): Word[] {
  const a = before.match(/\s+|[^\s]+/g) ?? [];
  const b = after.match(/\s+|[^\s]+/g) ?? [];
  if (a.length > MOST || b.length > MOST) return joined([...words("removed", a), ...words("added", b)]);

  // common[i][j]: length of the longest common subsequence of a[i..] and b[j..]
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; --i) {
    const row = common[i] as Uint16Array;
    for (let j = b.length - 1; j >= 0; --j) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: Word[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ kind: "same", text: a[i] ?? "" });
      ++i;
      ++j;
    } else if (i < a.length && (j === b.length || at(i + 1, j) >= at(i, j + 1))) {
      found.push({ kind: "removed", text: a[i++] ?? "" });
    } else {
      found.push({ kind: "added", text: b[j++] ?? "" });
    }
  }
  return joined(found);
}

function words(kind: Word["kind"], texts: string[]): Word[] {
  return texts.map((text) => ({ kind, text }));
}

// Neighbours of one kind are one, over a blank that both have; what was removed stands before what was added.
function joined(found: Word[]): Word[] {
  const out: Word[] = [];
  let removed = "";
  let added = "";
  const flush = () => {
    if (removed !== "") out.push({ kind: "removed", text: removed });
    if (added !== "") out.push({ kind: "added", text: added });
    removed = added = "";
  };
  found.forEach((word, at) => {
    const between = removed + added !== "" && /^\s+$/.test(word.text) && (found[at + 1]?.kind ?? "same") !== "same";
    if (word.kind === "removed") removed += word.text;
    else if (word.kind === "added") added += word.text;
    else if (between) {
      removed += word.text;
      added += word.text;
    } else {
      flush();
      const last = out[out.length - 1];
      if (last?.kind === "same") last.text += word.text;
      else out.push({ ...word });
    }
  });
  flush();
  return out;
}
