// All runs, the newest first, those that failed among them.
import type { ComponentChildren } from "preact";
import { api, type RunHead } from "../api";
import { Confidence, StateBadge, VerdictBadge } from "../parts/badges";
import { Answer, Empty, Unread } from "../parts/notice";
import { More, usePages } from "../parts/pages";
import { Row, RowHead, useRowKeys } from "../parts/rows";
import { href, replace } from "../routes";
import { inOrder } from "./order";
import { TenantChoice } from "./queue";

export function RunsView({ query }: { query: URLSearchParams }) {
  const tenant = query.get("tenant") ?? "";
  const runs = usePages<RunHead>(`runs ${tenant}`, (cursor, signal) => api.runs({ tenant, cursor }, signal));
  const list = useRowKeys("Runs");
  if (runs.all.value) inOrder(runs.all.value.map((run) => run.run));
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Runs</h1>
        <span class="spring" />
        <TenantChoice
          value={tenant}
          onChange={(chosen) =>
            replace({ view: "runs", query: new URLSearchParams(chosen === "" ? {} : { tenant: chosen }) })
          }
        />
      </header>
      <Unread of={runs.unread} />
      <Answer of={runs.all}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty title="There are no runs yet">
              <p>A run is made in a terminal:</p>
              <pre class="block">carrel triage customer-123.tar.gz</pre>
            </Empty>
          ) : (
            <>
              <RowHead labels={["Confidence", "Question", "Tenant", "Bundle", "Outcome", "Age"]} />
              <ol class="rows" ref={list} aria-label="Runs">
                {rows.map((run) => (
                  <RunRow key={run.run} run={run} to={href({ view: "run", run: run.run, tab: "report" })} />
                ))}
              </ol>
              <More of={runs} />
            </>
          )
        }
      </Answer>
    </>
  );
}

export function RunRow({ run, to, excerpt }: { run: RunHead; to: string; excerpt?: string }) {
  const outcome: ComponentChildren =
    run.state === "finished" ? <VerdictBadge verdict={run.verdict} /> : <StateBadge state={run.state} />;
  return (
    <Row
      href={to}
      mark={<Confidence level={run.level} score={run.score} />}
      text={run.state === "failed" ? run.error : run.question}
      tenant={run.tenant}
      input={run.input}
      note={outcome}
      at={run.started_at}
      {...(excerpt === undefined ? {} : { excerpt })}
    />
  );
}
