// The keyboard: each view names the keys it knows and what they do; the newest view that knows a key gets it. The help
// is made from the same list, so that it cannot tell of a key that is not there.
//
//   useKeys("Queue", [{ key: "j", does: "next run", run: next }]);
//
// Two letters are one after the other ("g q"). Nothing is taken while somebody writes, nor with Ctrl, Alt or Meta.
import { useEffect, useRef } from "preact/hooks";

export interface Binding {
  key: string; // as KeyboardEvent.key has it: "j", "Enter", "?", "g q"
  does: string;
  run: () => void;
}

export interface Layer {
  name: string;
  modal: boolean; // nothing below it gets a key
  bindings: Binding[];
}

const PAUSE_MS = 1200; // between two keys that belong together

export class Keymap {
  private layers: Layer[] = [];
  private first = "";
  private firstAt = 0;

  add(layer: Layer): () => void {
    this.layers.push(layer);
    return () => {
      this.layers = this.layers.filter((other) => other !== layer);
    };
  }

  // What can be pressed now, the newest layer first; a key that two layers know is told of the newer alone.
  known(): Layer[] {
    const seen = new Set<string>();
    const known: Layer[] = [];
    for (const layer of this.reachable()) {
      const bindings = layer.bindings.filter((binding) => !seen.has(binding.key));
      for (const binding of bindings) seen.add(binding.key);
      if (bindings.length > 0) known.push({ ...layer, bindings });
    }
    return known;
  }

  // True where the key did something, or is the first of two.
  press(key: string, at: number): boolean {
    const both = this.first !== "" && at - this.firstAt < PAUSE_MS ? `${this.first} ${key}` : "";
    this.first = "";
    for (const layer of this.reachable()) {
      const found =
        layer.bindings.find((binding) => binding.key === both) ?? layer.bindings.find((binding) => binding.key === key);
      if (found) {
        found.run();
        return true;
      }
      if (layer.bindings.some((binding) => binding.key.startsWith(key + " "))) {
        this.first = key;
        this.firstAt = at;
        return true;
      }
    }
    return false;
  }

  private reachable(): Layer[] {
    const above: Layer[] = [];
    for (const layer of [...this.layers].reverse()) {
      above.push(layer);
      if (layer.modal) break;
    }
    return above;
  }
}

export const keymap = new Keymap();

export function useKeys(name: string, bindings: Binding[], modal = false): void {
  const layer = useRef<Layer>({ name, modal, bindings });
  layer.current.bindings = bindings;
  useEffect(() => keymap.add(layer.current), []);
}

function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

// Enter and Space belong to whatever has the focus.
function belongsToFocus(event: KeyboardEvent): boolean {
  const pressed = event.key === "Enter" || event.key === " ";
  return pressed && event.target instanceof Element && event.target.closest("a, button, summary") !== null;
}

export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key !== "Escape" && (takesText(event.target) || belongsToFocus(event))) return;
    if (keymap.press(event.key, event.timeStamp)) event.preventDefault();
  });
}
