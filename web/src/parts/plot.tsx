// Evaluations over time. The table beside it has the same figures: the picture is hidden from screen readers.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { interval, share, type Series } from "../series";
import { visible } from "../text";

const HEIGHT = 260;
const LEFT = 44;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 26;
const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

export function Plot({ series }: { series: Series[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(320);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={box}>
      <Picture series={series} width={width} />
    </div>
  );
}

function Picture({ series, width }: { series: Series[]; width: number }) {
  const times = series.flatMap((one) => one.points.map((point) => Date.parse(point.at)));
  const first = Math.min(...times);
  const last = Math.max(...times);
  const x = (at: string) =>
    last === first
      ? LEFT + (width - LEFT - RIGHT) / 2
      : LEFT + ((Date.parse(at) - first) / (last - first)) * (width - LEFT - RIGHT);
  const y = (value: number) => TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return (
    <svg class="plot" width={width} height={HEIGHT} aria-hidden="true" focusable="false">
      {[0, 0.25, 0.5, 0.75, 1].map((value) => (
        <g key={value}>
          <line class="grid" x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {value * 100} %
          </text>
        </g>
      ))}
      <text x={LEFT} y={HEIGHT - 6}>
        {day(first)}
      </text>
      {last !== first && (
        <text x={width - RIGHT} y={HEIGHT - 6} text-anchor="end">
          {day(last)}
        </text>
      )}
      {series.map((one, at) => (
        <g key={at} class={`series s${at % 4}`}>
          <polyline
            points={one.points.map((point) => `${x(point.at)},${y(share(point))}`).join(" ")}
            stroke-dasharray={DASHES[at % DASHES.length]}
          />
          {one.points.map((point) => {
            const [low, high] = interval(point);
            return (
              <g key={point.id}>
                <line class="interval" x1={x(point.at)} x2={x(point.at)} y1={y(low)} y2={y(high)} />
                <circle cx={x(point.at)} cy={y(share(point))} r={3.5}>
                  <title>{visible(`${one.label}: ${point.right} of ${point.of}`)}</title>
                </circle>
              </g>
            );
          })}
        </g>
      ))}
    </svg>
  );
}
