// A list that comes in pages: the first by itself, each further one when it is asked for.
import { useState } from "preact/hooks";
import type { Page } from "../api";
import { asProblem, useLoaded, type Loaded } from "../loaded";
import { announce } from "./announce";

interface Pages<T> {
  all: Loaded<T[]>;
  unread: Page<T>["unread"];
  next: string | undefined;
  more: () => void;
}

export function usePages<T>(key: string, load: (cursor: string, signal: AbortSignal) => Promise<Page<T>>): Pages<T> {
  const first = useLoaded(key, (signal) => load("", signal));
  const [rest, setRest] = useState<{ of: Page<T> | undefined; pages: Page<T>[] }>({ of: undefined, pages: [] });
  const pages = first.value === undefined ? [] : [first.value, ...(rest.of === first.value ? rest.pages : [])];
  const next = pages[pages.length - 1]?.next;
  const more = () => {
    load(next ?? "", new AbortController().signal)
      .then((page) => setRest({ of: first.value, pages: [...pages.slice(1), page] }))
      .catch((cause: unknown) => announce(asProblem(cause).message));
  };
  return {
    all: { ...first, value: first.value && pages.flatMap((page) => page.items) },
    unread: first.value?.unread ?? [],
    next,
    more,
  };
}

export function More<T>({ of }: { of: Pages<T> }) {
  if (of.next === undefined) return null;
  return (
    <p class="more">
      <button type="button" onClick={of.more}>
        Show more
      </button>
    </p>
  );
}
