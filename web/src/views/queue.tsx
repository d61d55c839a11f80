// What waits for a person, the oldest first; above it the runs that go on.
import { useEffect, useState } from "preact/hooks";
import { api, type Tenant, type Waiting } from "../api";
import { useKeys } from "../keys";
import { useLoaded } from "../loaded";
import { Confidence, DecisionBadge } from "../parts/badges";
import { Icon } from "../parts/icon";
import { LiveRun } from "../parts/live";
import { Answer, Empty, Unread } from "../parts/notice";
import { More, usePages } from "../parts/pages";
import { Row, RowHead, useRowKeys } from "../parts/rows";
import { Text } from "../parts/text";
import { href, replace } from "../routes";
import { useDesk } from "../session";
import { baseName, counted } from "../text";
import { inOrder } from "./order";

const AGES = [
  ["", "any age"],
  ["3600", "older than an hour"],
  ["86400", "older than a day"],
  ["604800", "older than a week"],
] as const;
const SCORES = [
  ["", "any confidence"],
  ["0.9", "confidence to 0.90"],
  ["0.6", "confidence to 0.60"],
  ["0.3", "confidence to 0.30"],
] as const;

export function TenantChoice({ value, onChange }: { value: string; onChange: (tenant: string) => void }) {
  const tenants = useLoaded("tenants", (signal) => api.tenants(signal));
  const named = (tenants.value?.items ?? []).filter((tenant: Tenant) => !tenant.locked);
  return (
    <select aria-label="Tenant" value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">all tenants</option>
      {named.map((tenant) => (
        <option value={tenant.name} selected={tenant.name === value}>
          {tenant.name}
        </option>
      ))}
    </select>
  );
}

export function QueueView({ query }: { query: URLSearchParams }) {
  const { session } = useDesk();
  const set = (name: string, value: string) => {
    const changed = new URLSearchParams(query);
    if (value === "") changed.delete(name);
    else changed.set(name, value);
    replace({ view: "queue", query: changed });
  };
  const get = (name: string) => query.get(name) ?? "";
  const [since] = useState(() => Date.now());
  const older = Number(get("older"));
  const queue = usePages<Waiting>(`queue ${query}`, (cursor, signal) =>
    api.queue(
      {
        tenant: get("tenant"),
        failed: get("failed") === "1",
        decided: get("decided") === "1",
        max_score: get("score"),
        before: older > 0 ? new Date(since - older * 1000).toISOString() : "",
        cursor,
      },
      signal,
    ),
  );
  const running = useLoaded("running", (signal) => api.runs({ state: "running", limit: 20 }, signal));
  const list = useRowKeys("Queue");
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "hidden") return;
      queue.all.again();
      running.again();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [queue.all.again, running.again]);
  useKeys("Queue", [
    { key: "f", does: "only where a check failed, or all", run: () => set("failed", get("failed") === "1" ? "" : "1") },
  ]);
  if (queue.all.value) inOrder(queue.all.value.map((waiting) => waiting.run));
  const count = queue.all.value?.length;

  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Queue</h1>
        {count !== undefined && (
          <span class="quiet">
            {counted(count, "report")}
            {queue.next !== undefined && " and more"}
          </span>
        )}
        <span class="spring" />
        <form class="filters" aria-label="Which reports" onSubmit={(event) => event.preventDefault()}>
          <TenantChoice value={get("tenant")} onChange={(tenant) => set("tenant", tenant)} />
          <Choice label="Confidence" options={SCORES} value={get("score")} onChange={(value) => set("score", value)} />
          <Choice label="Age" options={AGES} value={get("older")} onChange={(value) => set("older", value)} />
          <Toggle label="failed checks" on={get("failed") === "1"} onChange={(on) => set("failed", on ? "1" : "")} />
          <Toggle label="decided too" on={get("decided") === "1"} onChange={(on) => set("decided", on ? "1" : "")} />
        </form>
      </header>
      {(running.value?.items.length ?? 0) > 0 && (
        <section class="live">
          <h2>Going on</h2>
          <div class="rows">
            {running.value?.items.map((run) => (
              <LiveRun
                key={run.run}
                run={run.run}
                title={`${baseName(run.input)} · ${run.model || "no model"}`}
                canStop={session.reviewer !== null}
                onEnd={() => {
                  running.again();
                  queue.all.again();
                }}
              />
            ))}
          </div>
        </section>
      )}
      <Unread of={queue.unread} />
      <Answer of={queue.all}>
        {(rows) =>
          rows.length === 0 ? (
            <NothingWaits filtered={query.size > 0} />
          ) : (
            <>
              <RowHead labels={["Confidence", "Likely root cause", "Tenant", "Bundle", "Checks", "Age"]} />
              <ol class="rows" ref={list} aria-label="Reports">
                {rows.map((waiting) => (
                  <Row
                    key={waiting.run}
                    href={href({ view: "run", run: waiting.run, tab: "report" })}
                    mark={<Confidence level={waiting.level} score={waiting.score} />}
                    text={waiting.root_cause}
                    tenant={waiting.tenant}
                    input={waiting.input}
                    note={<QueueNote waiting={waiting} />}
                    at={waiting.finished_at}
                  />
                ))}
              </ol>
              <More of={queue} />
            </>
          )
        }
      </Answer>
    </>
  );
}

function QueueNote({ waiting }: { waiting: Waiting }) {
  if (waiting.decision) return <DecisionBadge decision={waiting.decision} />;
  if (waiting.failed_checks.length > 0) {
    return (
      <span class="badge reject" title={waiting.failed_checks.join(", ")}>
        <Icon name="fail" /> <Text of={waiting.failed_checks.join(", ")} />
      </span>
    );
  }
  return (
    <span class="quiet">
      <Icon name="pass" /> passed
    </span>
  );
}

function NothingWaits({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No report fits these filters">
        <p>
          <a href="#/queue">Show all that wait</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing waits for you">
      <p>Each finished run waits here until a person decides on it. Triage a bundle in a terminal, and its report comes:</p>
      <pre class="block">carrel triage customer-123.tar.gz --tenant acme</pre>
      <p>
        Then, here: <kbd>j</kbd> <kbd>k</kbd> to walk, <kbd>Enter</kbd> to open, <kbd>a</kbd> to accept a claim, <kbd>e</kbd>{" "}
        to edit it, <kbd>r</kbd> to reject it, <kbd>?</kbd> for every key.
      </p>
      <p>
        What was decided before is under <a href="#/runs">Runs</a>.
      </p>
    </Empty>
  );
}

interface ChoiceProps {
  label: string;
  options: readonly (readonly [string, string])[];
  value: string;
  onChange: (value: string) => void;
}

function Choice({ label, options, value, onChange }: ChoiceProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map(([option, text]) => (
        <option value={option}>{text}</option>
      ))}
    </select>
  );
}

function Toggle({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
