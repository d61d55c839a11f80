// The lines of one file of a bundle, fetched in blocks as they are looked at. Each request is a check room that reads
// the bundle again, so one goes on at a time, and always for what is looked at now.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Citation, type Problem } from "./api";
import { asProblem } from "./loaded";

const BLOCK = 400;
const PAUSE_MS = 1000; // before it is asked again, where too many ask

export interface FileLines {
  line: (number: number) => string | undefined; // from 1; undefined: not here yet
  total: number;
  problem: Problem | undefined; // why only the kept lines can be shown
  look: (first: number, last: number) => void; // what is on the screen
}

interface Kept {
  lines: Map<number, string>;
  blocks: Set<number>;
  total: number;
  problem?: Problem;
}

// The run kept some lines around its citations: they are there at once, and stay where the bundle is gone.
function keptOf(citations: Citation[], file: string): Kept {
  const kept: Kept = { lines: new Map(), blocks: new Set(), total: 0 };
  for (const citation of citations) {
    if (citation.file !== file) continue;
    citation.lines.forEach((line, at) => kept.lines.set(citation.first_line + at, line));
    kept.total = Math.max(kept.total, citation.file_lines, citation.end_line);
  }
  return kept;
}

export function useFileLines(run: string, file: string, citations: Citation[]): FileLines {
  const files = useRef(new Map<string, Kept>());
  const wanted = useRef<[number, number]>([0, -1]);
  const fetching = useRef<{ file: string; abort: AbortController } | null>(null);
  const [, redraw] = useState(0);

  let kept = files.current.get(file);
  if (!kept) {
    kept = keptOf(citations, file);
    files.current.set(file, kept);
  }
  const current = kept;

  const fetchNext = () => {
    if (fetching.current?.file === file || current.problem) return;
    fetching.current?.abort.abort();
    fetching.current = null;
    const [first, last] = wanted.current;
    for (let block = Math.floor((first - 1) / BLOCK); block * BLOCK < last; ++block) {
      if (block < 0 || current.blocks.has(block)) continue;
      const abort = new AbortController();
      fetching.current = { file, abort };
      api
        .lines(run, file, block * BLOCK + 1, BLOCK, abort.signal)
        .then((found) => {
          current.blocks.add(block);
          current.total = found.file_lines;
          found.lines.forEach((line, at) => current.lines.set(found.first_line + at, line));
        })
        .catch((cause: unknown) => {
          if (abort.signal.aborted) return undefined;
          const problem = asProblem(cause);
          if (problem.type === "too-many") return new Promise((later) => setTimeout(later, PAUSE_MS));
          current.problem = problem;
          return undefined;
        })
        .finally(() => {
          if (abort.signal.aborted) return;
          fetching.current = null;
          redraw((times) => times + 1);
          fetchNext();
        });
      return;
    }
  };
  useEffect(() => () => fetching.current?.abort.abort(), []);

  return {
    line: (number) => current.lines.get(number),
    total: current.total,
    problem: current.problem,
    look: (first, last) => {
      wanted.current = [first, last];
      fetchNext();
    },
  };
}
