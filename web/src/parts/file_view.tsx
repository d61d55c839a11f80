// A file with its line numbers: only what is on the screen is drawn, and asked for.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { FileLines } from "../file_lines";
import { scrolledHeight, scrollTo, shownAt, type Span } from "./lines";
import { Text } from "./text";

const LINE_HEIGHT = 20; // as .file-line in parts.css

interface FileViewProps {
  name: string;
  lines: FileLines;
  first: number; // the cited lines, from 1
  last: number;
  at: string; // changes when these lines are to be brought into view
}

export function FileView({ name, lines, first, last, at }: FileViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState(0);
  const [view, setView] = useState(400);
  const span: Span = { total: lines.total, lineHeight: LINE_HEIGHT, view };
  const shown = shownAt(span, scroll);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setView(element.clientHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (!box.current) return;
    box.current.scrollTop = scrollTo(span, first - 1);
    box.current.scrollLeft = 0;
    setScroll(box.current.scrollTop);
  }, [at, view]);
  useEffect(() => lines.look(shown.first + 1, shown.first + shown.count), [shown.first, shown.count, at]);

  const drawn = Array.from({ length: shown.count }, (_, index) => shown.first + index + 1);
  return (
    <div
      class="file"
      ref={box}
      tabIndex={0}
      role="region"
      aria-label={`Lines of ${name}`}
      onScroll={(event) => setScroll(event.currentTarget.scrollTop)}
    >
      <div class="file-all" style={{ height: `${scrolledHeight(span)}px` }}>
        <ol class="file-drawn" style={{ transform: `translateY(${shown.top}px)` }}>
          {drawn.map((number) => {
            const text = lines.line(number);
            const cited = number >= first && number <= last;
            return (
              <li key={number} class="file-line" data-cited={cited} aria-current={cited ? "location" : undefined}>
                <span class="number">{number}</span>
                <code>{text === undefined ? <span class="quiet">…</span> : <Text of={text} />}</code>
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}
