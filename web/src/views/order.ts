// The order in which the list that was seen last had its runs, so that a report leads to the next one.
let order: string[] = [];

export function inOrder(runs: string[]): void {
  order = runs;
}

export function beside(run: string): { before?: string; after?: string; place: string } {
  const at = order.indexOf(run);
  if (at < 0) return { place: "" };
  const before = order[at - 1];
  const after = order[at + 1];
  return { ...(before ? { before } : {}), ...(after ? { after } : {}), place: `${at + 1} of ${order.length}` };
}
