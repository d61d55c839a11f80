// The main views, by address.
export const VIEWS = (run: string): [string, string][] => [
  ["queue", "#/queue"],
  ["runs", "#/runs"],
  ["report", `#/run/${run}`],
  ["prompt", `#/run/${run}/prompt`],
  ["tries", `#/run/${run}/tries`],
  ["record", `#/run/${run}/record`],
  ["reply", `#/run/${run}/reply`],
  ["compare", `#/compare/${run}/`],
  ["evaluations", "#/evaluations"],
  ["search", "#/search?q=fast-ssd"],
];
