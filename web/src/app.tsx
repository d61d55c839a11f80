// The review page: the bar, and below it the view that the address names.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api";
import { keymap, listenForKeys, useKeys, type Layer } from "./keys";
import { useLoaded } from "./loaded";
import { Announcements } from "./parts/announce";
import { Dialog } from "./parts/dialog";
import { Icon } from "./parts/icon";
import { Answer, Empty } from "./parts/notice";
import { go, href, useRoute, type Route } from "./routes";
import { DeskProvider, Reviewer } from "./session";
import { showKeptTheme, useTheme } from "./theme";
import { CompareView } from "./views/compare";
import { EvaluationsView } from "./views/evaluations";
import { QueueView } from "./views/queue";
import { RunView } from "./views/run";
import { RunsView } from "./views/runs";
import { SearchView } from "./views/search";

function View({ route }: { route: Route }) {
  switch (route.view) {
    case "queue":
      return <QueueView query={route.query} />;
    case "runs":
      return <RunsView query={route.query} />;
    case "run":
      return <RunView key={route.run} run={route.run} tab={route.tab} />;
    case "compare":
      return <CompareView a={route.a} b={route.b} />;
    case "evaluations":
      return <EvaluationsView />;
    case "search":
      return <SearchView words={route.words} />;
    case "unknown":
      return (
        <Empty title="There is nothing at this address">
          <p>
            <a href="#/queue">The queue</a> is where work waits.
          </p>
        </Empty>
      );
  }
}

const PLACES = [
  { name: "Queue", key: "g q", route: { view: "queue", query: new URLSearchParams() } },
  { name: "Runs", key: "g r", route: { view: "runs", query: new URLSearchParams() } },
  { name: "Compare", key: "g c", route: { view: "compare", a: "", b: "" } },
  { name: "Evaluations", key: "g e", route: { view: "evaluations" } },
] as const;

// What part of an address is a place of its own: a filter or a part of a run is none.
function placeOf(route: Route): string {
  return route.view === "run" ? `run ${route.run}` : route.view;
}

function Page() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const [theme, nextTheme] = useTheme();
  const [help, setHelp] = useState<Layer[] | null>(null);
  const place = placeOf(route);

  useKeys("Everywhere", [
    { key: "?", does: "these keys", run: () => setHelp(keymap.known()) },
    { key: "/", does: "search", run: () => search.current?.focus() },
    ...PLACES.map(({ name, key, route: to }) => ({ key, does: name.toLowerCase(), run: () => go(to) })),
    { key: "g t", does: "light, dark, or as the system has it", run: nextTheme },
  ]);

  // A new place begins at its top, and that is where a screen reader goes on.
  useEffect(() => {
    const known = PLACES.find(({ route: to }) => to.view === route.view);
    document.title = `${known?.name ?? "Search"} · Carrel`;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);

  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="#/queue">
          <svg class="icon" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" focusable="false">
            <path d="M2 14V4l6-2 6 2v10M2 9.5h12M5 9.5V6.2M8 9.5V5.4M11 9.5V6.2" />
          </svg>
          Carrel
        </a>
        <nav aria-label="Places">
          {PLACES.map(({ name, route: to }) => (
            <a href={href(to)} aria-current={route.view === to.view ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <form
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            const words = search.current?.value.trim() ?? "";
            if (words !== "") go({ view: "search", words });
          }}
        >
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            aria-label="Search all runs"
            placeholder="Search"
            defaultValue={route.view === "search" ? route.words : ""}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
          />
          <kbd aria-hidden="true">/</kbd>
        </form>
        <button
          type="button"
          class="plain"
          onClick={nextTheme}
          title={`Theme: ${theme}`}
          aria-label={`Theme: ${theme}. Change it`}
        >
          <Icon name={theme} />
        </button>
        <button
          type="button"
          class="plain"
          onClick={() => setHelp(keymap.known())}
          title="Keys"
          aria-label="Keys of this view"
        >
          ?
        </button>
        <Reviewer />
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <View route={route} />
      </main>
      {help && <Help layers={help} onClose={() => setHelp(null)} />}
      <Announcements />
    </>
  );
}

function Help({ layers, onClose }: { layers: Layer[]; onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div class="keys">
        {layers.map((layer) => (
          <section>
            <h3>{layer.name}</h3>
            <dl>
              {layer.bindings.map((binding) => (
                <div>
                  <dt>{binding.does}</dt>
                  <dd>
                    {binding.key.split(" ").map((key) => (
                      <kbd>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Start() {
  const session = useLoaded("session", () => api.session());
  return (
    <Answer
      of={session}
      problem={(problem) =>
        problem.type === "no-session" && (
          <Empty title="The session is over">
            <p>Open the link that `carrel review` printed, or start it again: each link opens one browser, once.</p>
          </Empty>
        )
      }
    >
      {(first) => (
        <DeskProvider first={first}>
          <Page />
        </DeskProvider>
      )}
    </Answer>
  );
}

showKeptTheme();
listenForKeys();
render(<Start />, document.getElementById("page") as HTMLElement);
