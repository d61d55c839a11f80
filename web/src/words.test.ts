import assert from "node:assert/strict";
import { test } from "node:test";
import { wordDiff } from "./words";

function text(before: string, after: string, without: string): string {
  return wordDiff(before, after)
    .filter((word) => word.kind !== without)
    .map((word) => word.text)
    .join("");
}

test("both texts can be read from their difference", () => {
  const pairs = [
    ["", ""],
    ["", "a b"],
    ["a b", ""],
    ["the class fast-ssd does not exist", "the class slow-hdd does not exist here"],
    ["a b c d e", "e d c b a"],
    ["same", "same"],
    [" blank  kept ", "blank kept"],
  ] as const;
  for (const [before, after] of pairs) {
    assert.equal(text(before, after, "added"), before);
    assert.equal(text(before, after, "removed"), after);
  }
});

test("what was removed stands before what was added in its place", () => {
  assert.deepEqual(wordDiff("it is red today", "it is blue today"), [
    { kind: "same", text: "it is " },
    { kind: "removed", text: "red" },
    { kind: "added", text: "blue" },
    { kind: "same", text: " today" },
  ]);
});

test("words that changed together are one piece, with the blanks between them", () => {
  assert.deepEqual(wordDiff("say one two end", "say three four end"), [
    { kind: "same", text: "say " },
    { kind: "removed", text: "one two" },
    { kind: "added", text: "three four" },
    { kind: "same", text: " end" },
  ]);
});

test("long texts are told whole", () => {
  const long = "word ".repeat(2000);
  assert.deepEqual(
    wordDiff(long, "short").map((word) => word.kind),
    ["removed", "added"],
  );
});
