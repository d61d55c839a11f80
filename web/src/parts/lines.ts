// Which lines of a long list are on the screen. Every line has one height. Browsers end what they can scroll at some
// tens of millions of pixels: a longer list is scrolled through in larger steps, and each of its lines can be reached.

export const MOST_PIXELS = 8_000_000;

export interface Shown {
  first: number; // index of the first line to draw
  count: number; // how many
  top: number; // where the first one stands, in pixels from the top of what is scrolled
}

export interface Span {
  total: number; // lines
  lineHeight: number; // pixels
  view: number; // height of the window, pixels
}

const MARGIN = 8; // lines drawn above and below what is seen

export function scrolledHeight(span: Span): number {
  return Math.min(span.total * span.lineHeight, MOST_PIXELS);
}

function farthest(span: Span): number {
  return Math.max(1, scrolledHeight(span) - span.view);
}

// The line, with a fraction, at the top of the window.
function topLine(span: Span, scroll: number): number {
  const whole = span.total * span.lineHeight;
  if (whole <= MOST_PIXELS) return scroll / span.lineHeight;
  return Math.min(1, scroll / farthest(span)) * (span.total - span.view / span.lineHeight);
}

export function shownAt(span: Span, scroll: number): Shown {
  const at = Math.max(0, topLine(span, scroll));
  const first = Math.max(0, Math.floor(at) - MARGIN);
  const last = Math.min(span.total, Math.ceil(at + span.view / span.lineHeight) + MARGIN);
  return { first, count: Math.max(0, last - first), top: scroll - (at - first) * span.lineHeight };
}

// Where to scroll so that this line (from 0) is a third down the window.
export function scrollTo(span: Span, line: number): number {
  const wanted = Math.max(0, line - span.view / span.lineHeight / 3);
  const whole = span.total * span.lineHeight;
  if (whole <= MOST_PIXELS) return Math.min(wanted * span.lineHeight, Math.max(0, whole - span.view));
  return Math.min(1, wanted / (span.total - span.view / span.lineHeight)) * farthest(span);
}
