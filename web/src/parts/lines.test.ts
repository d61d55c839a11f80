import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_PIXELS, scrolledHeight, scrollTo, shownAt, type Span } from "./lines";

const small: Span = { total: 100, lineHeight: 20, view: 400 };
const huge: Span = { total: 100_000_000, lineHeight: 20, view: 400 };

test("a short list is as high as its lines, and the window shows those that are in it", () => {
  assert.equal(scrolledHeight(small), 2000);
  assert.deepEqual(shownAt(small, 0), { first: 0, count: 28, top: 0 });
  assert.deepEqual(shownAt(small, 1000), { first: 42, count: 36, top: 840 });
  const end = shownAt(small, 1600);
  assert.equal(end.first + end.count, 100);
});

test("each line can be brought into the window", () => {
  for (const span of [small, huge]) {
    for (const line of [0, 1, 7, span.total >> 1, span.total - 2, span.total - 1]) {
      const { first, count } = shownAt(span, scrollTo(span, line));
      assert.ok(first <= line && line < first + count, `${line} of ${span.total}`);
    }
  }
});

test("a list beyond what browsers scroll ends with its last line", () => {
  assert.equal(scrolledHeight(huge), MOST_PIXELS);
  const { first, count, top } = shownAt(huge, MOST_PIXELS - huge.view);
  assert.equal(first + count, huge.total);
  assert.ok(Math.abs(top + count * huge.lineHeight - MOST_PIXELS) < 1, "and it stands at the very end");
});

test("an empty list shows nothing", () => {
  assert.deepEqual(shownAt({ total: 0, lineHeight: 20, view: 400 }, 0), { first: 0, count: 0, top: 0 });
});
