import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parseRoute, type Route } from "./routes";

test("an address leads where it came from", () => {
  const routes: Exclude<Route, { view: "unknown" }>[] = [
    { view: "queue", query: new URLSearchParams({ tenant: "acme", failed: "1" }) },
    { view: "runs", query: new URLSearchParams() },
    { view: "run", run: "20260102-030405-9f3a61", tab: "report" },
    { view: "run", run: "20260102-030405-9f3a61", tab: "prompt" },
    { view: "compare", a: "x", b: "y/z?#" },
    { view: "evaluations" },
    { view: "search", words: "fast-ssd & co" },
  ];
  for (const route of routes) assert.deepEqual(parseRoute(href(route)), route);
});

test("an empty address is the queue", () => {
  for (const empty of ["", "#", "#/", "#/queue"]) assert.equal(parseRoute(empty).view, "queue");
});

test("an address that is none is told as such", () => {
  for (const path of ["#/nowhere", "#/run", "#/run/x/nowhere"]) assert.equal(parseRoute(path).view, "unknown");
  assert.deepEqual(parseRoute("#/compare/%E0%A4%A"), { view: "compare", a: "%E0%A4%A", b: "" });
});
