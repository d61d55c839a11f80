// Text that came from a bundle, a model or a person, made harmless to look at; and figures as people read them.
// Nothing here makes markup: a view puts these strings into text nodes.

// The same characters that the terminal shows escaped (src/base/text.cc): controls, and what changes what a reader
// sees without being seen: C1, soft hyphen, zero width, bidi, separators, fillers, tags. Newline and tab stay.
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

export interface Piece {
  text: string;
  hidden: boolean; // `text` is the escaped name of a character that would not be seen
}

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x100) return "\\x" + point.toString(16).padStart(2, "0");
  return point < 0x10000 ? "\\u" + point.toString(16).padStart(4, "0") : `\\u{${point.toString(16)}}`;
}

// The text in order, with each character that hides as a piece of its own.
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), hidden: false });
    found.push({ text: escaped(match[0]), hidden: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end), hidden: false });
  return found;
}

// For what can hold no elements: titles, accessible names, input values.
export function visible(text: string): string {
  return pieces(text)
    .map((piece) => piece.text)
    .join("");
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) {
    count /= 1000;
    ++unit;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function whole(count: number): string {
  return count.toLocaleString("en-GB", { maximumFractionDigits: 0 });
}

export function counted(count: number, one: string, many = one + "s"): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

export function seconds(value: number): string {
  if (value < 0.0095) return `${(value * 1000).toFixed(1)} ms`;
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  if (value < 59.95) return `${value.toFixed(1)} s`;
  return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

// How long ago, in the largest unit that fits: "4 min". A time ahead of `now` is "now": clocks differ.
export function age(iso: string, now: number): string {
  const passed = (now - Date.parse(iso)) / 1000;
  if (Number.isNaN(passed)) return "";
  if (passed < 60) return "now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h`;
  return `${Math.floor(passed / 86400)} d`;
}

// "2026-11-26 07:35:18", as the ledger has it: UTC.
export function moment(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

export function baseName(path: string): string {
  return path.slice(path.replace(/\/+$/, "").lastIndexOf("/") + 1);
}

// A path that is too long for its place loses its middle, never its end.
export function shortPath(path: string, most: number): string {
  if (path.length <= most) return path;
  const end = path.slice(-(most - 1));
  const slash = end.indexOf("/");
  return "…" + (slash > 0 && slash < end.length - 12 ? end.slice(slash) : end);
}
