import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evaluation } from "./api";
import { interval, seriesOf, share } from "./series";

function evaluation(part: Partial<Evaluation>): Evaluation {
  const plain = { id: "x", tenant: "t", at: "2026-01-01", playbook: "k8s-triage@1", engine: "none", model: "" };
  return { ...plain, cases_sha256: "c", right: 1, of: 2, ...part };
}

test("a line is one playbook and model over the same cases, the oldest first", () => {
  const series = seriesOf([
    evaluation({ id: "3", at: "2026-03-01", playbook: "k8s-triage@2" }),
    evaluation({ id: "1", at: "2026-01-01" }),
    evaluation({ id: "2", at: "2026-02-01", engine: "llama", model: "m.gguf" }),
    evaluation({ id: "4", cases_sha256: "other" }),
  ]);
  assert.deepEqual(
    series.map((one) => [one.label, one.points.map((point) => point.id)]),
    [
      ["k8s-triage, no model", ["1", "3"]],
      ["k8s-triage, no model", ["4"]],
      ["k8s-triage, m.gguf", ["2"]],
    ],
  );
});

test("a share and its interval", () => {
  assert.equal(share(evaluation({ right: 0, of: 0 })), 0);
  assert.deepEqual(interval(evaluation({ right: 0, of: 0 })), [0, 1]);
  // 130 of 140, by the formula in Brown, Cai and DasGupta (2001), section 3
  const [low, high] = interval(evaluation({ right: 130, of: 140 }));
  assert.ok(Math.abs(low - 0.8736) < 0.0005 && Math.abs(high - 0.9607) < 0.0005, `${low} ${high}`);
});
