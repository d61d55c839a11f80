import assert from "node:assert/strict";
import { test } from "node:test";
import { Keymap, type Binding } from "./keys";

function bind(pressed: string[], ...keys: string[]): Binding[] {
  return keys.map((key) => ({ key, does: `does ${key}`, run: () => pressed.push(key) }));
}

test("the newest layer that knows a key gets it, and leaves it to the others when it goes", () => {
  const keymap = new Keymap();
  const below: string[] = [];
  const above: string[] = [];
  keymap.add({ name: "all", modal: false, bindings: bind(below, "j", "k") });
  const remove = keymap.add({ name: "list", modal: false, bindings: bind(above, "j") });
  assert.ok(keymap.press("j", 0) && keymap.press("k", 0));
  remove();
  assert.ok(keymap.press("j", 0));
  assert.deepEqual([above, below], [["j"], ["k", "j"]]);
  assert.equal(keymap.press("x", 0), false);
});

test("nothing passes through a dialog", () => {
  const keymap = new Keymap();
  const pressed: string[] = [];
  keymap.add({ name: "all", modal: false, bindings: bind(pressed, "a") });
  keymap.add({ name: "dialog", modal: true, bindings: bind(pressed, "Escape") });
  assert.equal(keymap.press("a", 0), false);
  assert.ok(keymap.press("Escape", 0));
  assert.deepEqual(pressed, ["Escape"]);
});

test("two keys belong together for a while", () => {
  const keymap = new Keymap();
  const pressed: string[] = [];
  keymap.add({ name: "all", modal: false, bindings: bind(pressed, "g q", "q") });
  assert.ok(keymap.press("g", 0) && keymap.press("q", 500));
  assert.ok(keymap.press("g", 1000) && keymap.press("q", 9000));
  assert.deepEqual(pressed, ["g q", "q"]);
});

test("the help tells each key once, of the layer that gets it", () => {
  const keymap = new Keymap();
  keymap.add({ name: "all", modal: false, bindings: bind([], "j", "?") });
  keymap.add({ name: "list", modal: false, bindings: bind([], "j") });
  assert.deepEqual(
    keymap.known().map((layer) => [layer.name, layer.bindings.map((binding) => binding.key)]),
    [
      ["list", ["j"]],
      ["all", ["?"]],
    ],
  );
});
