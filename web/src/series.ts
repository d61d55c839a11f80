// Evaluations as lines of a plot: one for each playbook and model over the same cases.
import type { Evaluation } from "./api";

export interface Series {
  label: string;
  points: Evaluation[]; // the oldest first
}

export function seriesOf(evaluations: Evaluation[]): Series[] {
  const found = new Map<string, Series>();
  for (const evaluation of [...evaluations].sort((a, b) => a.at.localeCompare(b.at))) {
    const playbook = evaluation.playbook.replace(/@.*/, "");
    const who = evaluation.model === "" ? evaluation.engine.replace("none", "no model") : evaluation.model;
    const key = [playbook, who, evaluation.cases_sha256].join("\n");
    const series = found.get(key) ?? { label: `${playbook}, ${who}`, points: [] };
    series.points.push(evaluation);
    found.set(key, series);
  }
  return [...found.values()];
}

export function share(evaluation: Evaluation): number {
  return evaluation.of === 0 ? 0 : evaluation.right / evaluation.of;
}

// The half-width of the 95 % interval of a share (Wilson's, as the score's own middle moves little: E. B. Wilson, 1927).
export function interval(evaluation: Evaluation): [number, number] {
  if (evaluation.of === 0) return [0, 1];
  const z = 1.96;
  const n = evaluation.of;
  const p = share(evaluation);
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
