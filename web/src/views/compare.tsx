// Two runs side by side: first what went in differently, then what came out.
import { api, type Changed, type ChangedClaim, type Diff, type RunHead } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty } from "../parts/notice";
import { More, usePages } from "../parts/pages";
import { useRowKeys } from "../parts/rows";
import { Text, Words } from "../parts/text";
import { href } from "../routes";
import { shortPath, visible } from "../text";
import { wordDiff } from "../words";
import { RunRow } from "./runs";

export function CompareView({ a, b }: { a: string; b: string }) {
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Compare</h1>
        {b !== "" && (
          <a class="button" href={href({ view: "compare", a: b, b: a })}>
            Swap
          </a>
        )}
      </header>
      {a === "" ? <ChooseFirst /> : b === "" ? <ChooseSecond a={a} /> : <Compared a={a} b={b} />}
    </>
  );
}

function ChooseFirst() {
  return <Choose key="first" title="Which run?" tenant="" without="" to={(run) => href({ view: "compare", a: run, b: "" })} />;
}

function ChooseSecond({ a }: { a: string }) {
  const first = useLoaded(`run ${a}`, (signal) => api.run(a, signal));
  return (
    <Answer of={first}>
      {(run) => (
        <Choose
          key="second"
          title={`${a}, with which run of the same tenant?`}
          tenant={run.tenant}
          without={a}
          to={(b) => href({ view: "compare", a, b })}
        />
      )}
    </Answer>
  );
}

interface ChooseProps {
  title: string;
  tenant: string;
  without: string;
  to: (run: string) => string;
}

function Choose({ title, tenant, without, to }: ChooseProps) {
  const runs = usePages<RunHead>(`choose ${tenant}`, (cursor, signal) =>
    api.runs({ tenant, state: "finished", cursor }, signal),
  );
  const list = useRowKeys("Compare");
  return (
    <Answer of={runs.all}>
      {(all) => {
        const others = all.filter((run) => run.run !== without);
        if (others.length === 0) {
          return (
            <Empty title="There is no other run to compare with">
              <p>
                Two runs of one tenant can be compared: ask again (<kbd>t</kbd>), or triage another bundle with the same{" "}
                <code>--tenant</code>.
              </p>
            </Empty>
          );
        }
        return (
          <>
            <p class="quiet found">{title}</p>
            <ol class="rows" ref={list} aria-label="Runs to compare with">
              {others.map((run) => (
                <RunRow key={run.run} run={run} to={to(run.run)} />
              ))}
            </ol>
            <More of={runs} />
          </>
        );
      }}
    </Answer>
  );
}

function Compared({ a, b }: { a: string; b: string }) {
  const diff = useLoaded(`diff ${a} ${b}`, (signal) => api.diff(a, b, signal));
  return <Answer of={diff}>{(value) => <DiffParts diff={value} />}</Answer>;
}

function DiffParts({ diff }: { diff: Diff }) {
  const bundles = diff.bundles;
  return (
    <div class="diff">
      <div class="diff-sides">
        <span class="quiet">Run</span>
        <a class="mono" href={href({ view: "run", run: diff.a, tab: "report" })}>
          {diff.a}
        </a>
        <a class="mono" href={href({ view: "run", run: diff.b, tab: "report" })}>
          {diff.b}
        </a>
      </div>
      {diff.identical && (
        <p class="notice" role="status">
          The two are identical: the same went in, and the same came out.
        </p>
      )}
      {!diff.identical && diff.same_report && <p class="notice">What went in differs; the reports are the same.</p>}
      <Changes title="What went in" none="Nothing went in differently." changes={diff.inputs} />
      <section aria-label="Claims">
        <h2>Claims</h2>
        {diff.claims.length === 0 && <p class="quiet">All claims are the same.</p>}
        {diff.claims.map((claim) => (
          <ClaimChange claim={claim} />
        ))}
      </section>
      <Changes title="What came of it" none="Verdict, confidence and checks are the same." changes={diff.outcome} />
      <Changes title="Speed" none="" changes={diff.speed} />
      {bundles && (
        <section aria-label="Bundles">
          <h2>Bundles</h2>
          <Gained title="Objects" lost={bundles.vanished} gained={bundles.appeared} />
          <Gained title="Findings" lost={bundles.findings_vanished} gained={bundles.findings_appeared} />
          <Gained title="Kinds of log lines" lost={bundles.templates_vanished} gained={bundles.templates_appeared} />
          <Changes title="State" none="" changes={bundles.states} />
          {bundles.left_out > 0 && <p class="quiet">{bundles.left_out} more differences are not told.</p>}
        </section>
      )}
    </div>
  );
}

function Changes({ title, none, changes }: { title: string; none: string; changes: Changed[] }) {
  if (changes.length === 0 && none === "") return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {changes.length === 0 ? (
        <p class="quiet">{none}</p>
      ) : (
        <dl class="changes">
          {changes.map((change) => (
            <div>
              <dt>
                <Text of={change.what} />
              </dt>
              <dd>{change.before === "" ? <span class="quiet">none</span> : <Text of={change.before} />}</dd>
              <dd>{change.after === "" ? <span class="quiet">none</span> : <Text of={change.after} />}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function ClaimChange({ claim }: { claim: ChangedClaim }) {
  const words = wordDiff(claim.before, claim.after);
  const fate = claim.before === "" ? "gained" : claim.after === "" ? "lost" : claim.before === claim.after ? "moved" : "changed";
  return (
    <div class="claim-change">
      <p class="fate">
        {claim.kind} <span class={`badge ${fate}`}>{fate}</span>
      </p>
      <p class="side">{claim.before !== "" && <Words of={words.filter((word) => word.kind !== "added")} />}</p>
      <p class="side">{claim.after !== "" && <Words of={words.filter((word) => word.kind !== "removed")} />}</p>
      {(claim.cited_before.length > 0 || claim.cited_after.length > 0) && (
        <>
          <Cites of={claim.cited_before} />
          <Cites of={claim.cited_after} />
        </>
      )}
    </div>
  );
}

function Cites({ of }: { of: string[] }) {
  return (
    <ul class="cites mono">
      {of.map((address) => (
        <li title={visible(address)}>
          <Text of={shortPath(address, 56)} />
        </li>
      ))}
    </ul>
  );
}

function Gained({ title, lost, gained }: { title: string; lost: string[]; gained: string[] }) {
  if (lost.length + gained.length === 0) return null;
  return (
    <div class="claim-change">
      <p class="fate">{title}</p>
      <ul class="side">
        {lost.map((one) => (
          <li>
            <del>
              <Text of={one} />
            </del>
          </li>
        ))}
      </ul>
      <ul class="side">
        {gained.map((one) => (
          <li>
            <ins>
              <Text of={one} />
            </ins>
          </li>
        ))}
      </ul>
    </div>
  );
}
