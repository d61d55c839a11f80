// Where one is, as the address's fragment: "#/run/20260102-030405-9f3a61/prompt". The server serves one document.
import { useEffect, useState } from "preact/hooks";

export const RUN_TABS = ["report", "prompt", "tries", "record", "reply"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export type Route =
  | { view: "queue"; query: URLSearchParams }
  | { view: "runs"; query: URLSearchParams }
  | { view: "run"; run: string; tab: RunTab }
  | { view: "compare"; a: string; b: string }
  | { view: "evaluations" }
  | { view: "search"; words: string }
  | { view: "unknown"; path: string };

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address that somebody typed
  }
}

export function parseRoute(fragment: string): Route {
  const [path = "", search = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const query = new URLSearchParams(search);
  const [view, first, second] = path.split("/").map(decoded);
  switch (view) {
    case "":
    case "queue":
      return { view: "queue", query };
    case "runs":
      return { view: "runs", query };
    case "run": {
      const tab = RUN_TABS.find((known) => known === (second ?? "report"));
      return first && tab ? { view: "run", run: first, tab } : { view: "unknown", path };
    }
    case "compare":
      return { view: "compare", a: first ?? "", b: second ?? "" };
    case "evaluations":
      return { view: "evaluations" };
    case "search":
      return { view: "search", words: query.get("q") ?? "" };
    default:
      return { view: "unknown", path };
  }
}

function withQuery(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

export function href(route: Exclude<Route, { view: "unknown" }>): string {
  switch (route.view) {
    case "queue":
    case "runs":
      return withQuery(`#/${route.view}`, route.query);
    case "run": {
      const run = `#/run/${encodeURIComponent(route.run)}`;
      return route.tab === "report" ? run : `${run}/${route.tab}`;
    }
    case "compare":
      return `#/compare/${encodeURIComponent(route.a)}/${encodeURIComponent(route.b)}`;
    case "evaluations":
      return "#/evaluations";
    case "search":
      return withQuery("#/search", new URLSearchParams(route.words === "" ? {} : { q: route.words }));
  }
}

export function go(route: Exclude<Route, { view: "unknown" }>): void {
  location.hash = href(route);
}

// For what belongs to an address and is no step of its own: a filter.
export function replace(route: Exclude<Route, { view: "unknown" }>): void {
  history.replaceState(null, "", href(route));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
