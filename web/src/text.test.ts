import assert from "node:assert/strict";
import { test } from "node:test";
import { age, baseName, bytes, counted, moment, pieces, seconds, shortPath, visible } from "./text";

test("what hides is a piece of its own, by its escaped name", () => {
  assert.deepEqual(pieces("a\u202eb"), [
    { text: "a", hidden: false },
    { text: "\\u202e", hidden: true },
    { text: "b", hidden: false },
  ]);
});

test("every kind of character that hides is shown", () => {
  const hiding = "\0\x07\x1b\r\x7f\x85\xad\u061c\u200b\u200f\u2028\u202a\u2066\u206f\ufeff\ufff9\u{e0041}";
  assert.equal(pieces(hiding).length, [...hiding].length);
  assert.ok(pieces(hiding).every((piece) => piece.hidden));
  assert.equal(visible("\x1b[2J\u{e0041}"), "\\x1b[2J\\u{e0041}");
});

test("what is seen stays as it is, newline, tab and markup among it", () => {
  const text = "ein Ä\t<b>&amp;</b>\n😀 日本";
  assert.deepEqual(pieces(text), [{ text, hidden: false }]);
  assert.deepEqual(pieces(""), []);
});

test("figures as people read them", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(999), "999 B");
  assert.equal(bytes(1000), "1.0 kB");
  assert.equal(bytes(570_931), "571 kB");
  assert.equal(bytes(12_300_000_000), "12.3 GB");
  assert.equal(counted(1, "line"), "1 line");
  assert.equal(counted(13440, "line"), "13,440 lines");
  assert.equal(seconds(0.0051), "5.1 ms");
  assert.equal(seconds(0.0304), "30 ms");
  assert.equal(seconds(12.34), "12.3 s");
  assert.equal(seconds(125), "2 min 5 s");
});

test("an age is in the largest unit that fits, and never negative", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  assert.equal(age("2026-01-02T03:03:30Z", now), "now");
  assert.equal(age("2026-01-02T03:09:05Z", now), "now");
  assert.equal(age("2026-01-02T02:04:06Z", now), "59 min");
  assert.equal(age("2026-01-01T03:04:05Z", now), "1 d");
  assert.equal(age("", now), "");
});

test("names and times", () => {
  assert.equal(baseName("/a/b/customer-123.tar.gz"), "customer-123.tar.gz");
  assert.equal(baseName("folder/"), "folder/");
  assert.equal(moment("2026-11-26T07:35:18.282Z"), "2026-11-26 07:35:18");
  assert.equal(shortPath("a/b.log", 20), "a/b.log");
  const short = shortPath("support-bundle/cluster-resources/pods/logs/platform/api.log", 30);
  assert.ok(short.endsWith("/api.log") && short.startsWith("…") && short.length <= 30, short);
});
