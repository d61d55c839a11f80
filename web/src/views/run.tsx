// One run: what it came to, and what can be done about it.
import { useEffect, useState } from "preact/hooks";
import { api, type RunRecord } from "../api";
import { useKeys } from "../keys";
import { useLoaded } from "../loaded";
import { StateBadge, VerdictBadge } from "../parts/badges";
import { Icon } from "../parts/icon";
import { LiveRun } from "../parts/live";
import { Answer } from "../parts/notice";
import { Text } from "../parts/text";
import { go, href, RUN_TABS, type RunTab } from "../routes";
import { useDesk } from "../session";
import { baseName, moment } from "../text";
import { AgainDialog } from "./again";
import { beside } from "./order";
import { PromptView } from "./prompt";
import { RecordView } from "./record";
import { ReplyView } from "./reply";
import { ReportView } from "./report";
import { TriesView } from "./tries";

const TAB_NAMES: Record<RunTab, string> = {
  report: "Report",
  prompt: "Prompt",
  tries: "Tries",
  record: "Record",
  reply: "Reply",
};

export function RunView({ run, tab }: { run: string; tab: RunTab }) {
  const record = useLoaded(`run ${run}`, (signal) => api.run(run, signal));
  return <Answer of={record}>{(value) => <Run record={value} tab={tab} reload={record.again} />}</Answer>;
}

function Run({ record, tab, reload }: { record: RunRecord; tab: RunTab; reload: () => void }) {
  const { session, asReviewer } = useDesk();
  const [asking, setAsking] = useState(false);
  const { before, after, place } = beside(record.run);
  const open = (run: string | undefined) => {
    if (run) go({ view: "run", run, tab: "report" });
  };
  const ask = () => asReviewer(() => setAsking(true));
  useEffect(() => {
    document.title = `${baseName(record.input)} · Carrel`;
  }, [record.input]);
  useKeys("Run", [
    ...RUN_TABS.map((name, at) => ({
      key: String(at + 1),
      does: TAB_NAMES[name].toLowerCase(),
      run: () => go({ view: "run", run: record.run, tab: name }),
    })),
    { key: "]", does: "next report", run: () => open(after) },
    { key: "[", does: "report before", run: () => open(before) },
    { key: "t", does: "ask again", run: ask },
    { key: "d", does: "compare with another run", run: () => go({ view: "compare", a: record.run, b: "" }) },
    { key: "u", does: "back to the queue", run: () => go({ view: "queue", query: new URLSearchParams() }) },
  ]);

  return (
    <>
      <header class="head run-head">
        <h1 tabIndex={-1}>
          <Text of={baseName(record.input)} />
        </h1>
        {record.report ? <VerdictBadge verdict={record.report.verdict} /> : <StateBadge state={record.state} />}
        <span class="spring" />
        {place !== "" && (
          <span class="beside" role="group" aria-label="Reports beside this one">
            <button type="button" class="plain" disabled={!before} onClick={() => open(before)} aria-label="Report before">
              <Icon name="left" />
            </button>
            <span class="quiet">{place}</span>
            <button type="button" class="plain" disabled={!after} onClick={() => open(after)} aria-label="Next report">
              <Icon name="right" />
            </button>
          </span>
        )}
        <a class="button" href={href({ view: "compare", a: record.run, b: "" })}>
          Compare
        </a>
        <button type="button" onClick={ask}>
          <Icon name="again" /> Ask again <kbd aria-hidden="true">t</kbd>
        </button>
        <p class="facts">
          <span>
            <Text of={record.tenant.startsWith("once-") ? "no tenant" : record.tenant} />
          </span>
          <span>
            <Text of={record.playbook} />
          </span>
          <span>{record.engine === "none" ? "no model" : <Text of={record.model || "a model"} />}</span>
          <time dateTime={record.started_at}>{moment(record.started_at)} UTC</time>
          <code>{record.run}</code>
        </p>
        <p class="question">
          <Text of={record.question} />
        </p>
      </header>
      <nav class="tabs" aria-label="Parts of this run">
        {RUN_TABS.map((name) => (
          <a href={href({ view: "run", run: record.run, tab: name })} aria-current={name === tab ? "page" : undefined}>
            {TAB_NAMES[name]}
          </a>
        ))}
      </nav>
      {record.state === "running" && (
        <LiveRun run={record.run} title="This run goes on." canStop={session.reviewer !== null} onEnd={reload} />
      )}
      {tab === "report" && <ReportView record={record} reload={reload} />}
      {tab === "prompt" && <PromptView run={record.run} />}
      {tab === "tries" && <TriesView run={record.run} consensus={record.report?.consensus} />}
      {tab === "record" && <RecordView record={record} />}
      {tab === "reply" && <ReplyView record={record} />}
      {asking && <AgainDialog run={record.run} onClose={() => setAsking(false)} />}
    </>
  );
}
