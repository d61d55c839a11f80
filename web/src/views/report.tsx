// The report: its claims on one side, the evidence of the one that is looked at on the other, and decisions by keyboard.
import { useRef, useState } from "preact/hooks";
import { api, type Check, type Citation, type Claim, type ClaimKind, type Decision, type Report, type RunRecord } from "../api";
import { useKeys } from "../keys";
import { asProblem } from "../loaded";
import { announce } from "../parts/announce";
import { CheckBadge, Confidence, DecisionBadge } from "../parts/badges";
import { Icon } from "../parts/icon";
import { Empty } from "../parts/notice";
import { Text, Words } from "../parts/text";
import { go } from "../routes";
import { useDesk } from "../session";
import { counted } from "../text";
import { wordDiff } from "../words";
import { CaseDialog } from "./case";
import { DecideDialog, type Subject } from "./decide";
import { EvidencePane } from "./evidence";

const WHOLE = -1; // the report itself, before its claims

const GROUPS: [ClaimKind, string][] = [
  ["cause", "Likely root cause"],
  ["command", "Commands to run next"],
  ["missing", "Missing"],
  ["searched", "What was searched"],
  ["alternative", "Also seen, weaker"],
];

const SAID: Record<Decision, string> = { accept: "Accepted", edit: "Edited", reject: "Rejected" };

export function ReportView({ record, reload }: { record: RunRecord; reload: () => void }) {
  if (!record.report) {
    if (record.state === "running") return null;
    return (
      <Empty title="There is no report">
        <p>
          {record.state === "interrupted" ? "The run was interrupted. " : "The run failed: "}
          <Text of={record.error} />
        </p>
        <p>
          What was noted until then is in its <a href={`#/run/${record.run}/record`}>record</a>.
        </p>
      </Empty>
    );
  }
  return <Reviewed record={record} report={record.report} reload={reload} />;
}

function Reviewed({ record, report, reload }: { record: RunRecord; report: Report; reload: () => void }) {
  const { asReviewer, session } = useDesk();
  const groups = GROUPS.map(([kind, title]) => ({
    kind,
    title,
    claims: record.claims.filter((claim) => claim.kind === kind),
  })).filter((group) => group.claims.length > 0);
  const order = [WHOLE, ...groups.flatMap((group) => group.claims.map((claim) => claim.claim))];

  const [selected, setSelected] = useState(WHOLE);
  const [shown, setShown] = useState<{ claim: number; at: number }>({ claim: 0, at: 0 });
  const [open, setOpen] = useState(false); // on narrow screens the evidence stands in front
  const [dialog, setDialog] = useState<{ decision: "edit" | "reject"; subject: Subject } | null>(null);
  const [labelling, setLabelling] = useState("");
  const [busy, setBusy] = useState(false);
  const list = useRef<HTMLDivElement>(null);

  const claimOf = (number: number) => record.claims.find((claim) => claim.claim === number);
  const focusOn = (number: number) => {
    const element = list.current?.querySelector<HTMLElement>(`[data-claim="${number}"]`);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  };
  const select = (number: number) => {
    setSelected(number);
    const claim = claimOf(number === WHOLE ? 0 : number);
    if (claim && claim.citations.length > 0 && claim.claim !== shown.claim) setShown({ claim: claim.claim, at: 0 });
  };
  const step = (by: number) => {
    const next = order[Math.min(order.length - 1, Math.max(0, order.indexOf(selected) + by))] ?? WHOLE;
    select(next);
    focusOn(next);
  };
  const show = (claim: number, at: number) => {
    setShown({ claim, at });
    setOpen(true);
  };
  const stepEvidence = (by: number) => {
    const count = claimOf(shown.claim)?.citations.length ?? 0;
    if (count > 0) setShown({ claim: shown.claim, at: (shown.at + by + count) % count });
  };

  const subjectOf = (number: number): Subject => {
    const claim = claimOf(number === WHOLE ? 0 : number);
    return {
      claim: number === WHOLE ? null : number,
      name: number === WHOLE ? "the whole report" : "this claim",
      text: claim?.decided_text ?? report.root_cause,
    };
  };
  const keep = async (decision: Decision, subject: Subject, reason: string, text: string) => {
    setBusy(true);
    try {
      await api.review(record.run, {
        decision,
        claim: subject.claim,
        ...(reason === "" ? {} : { reason }),
        ...(decision === "edit" ? { text } : {}),
      });
      announce(`${SAID[decision]}: ${subject.name}`);
      setDialog(null);
      reload();
    } finally {
      setBusy(false);
    }
  };
  const accept = (number: number) =>
    asReviewer(() => {
      if (busy) return;
      keep("accept", subjectOf(number), "", "").catch((cause: unknown) => announce(asProblem(cause).message));
    });
  const decide = (decision: "edit" | "reject", number: number) =>
    asReviewer(() => setDialog({ decision, subject: subjectOf(number) }));

  const corrected = record.reviews.some(
    (review) => review.decision === "edit" && (review.claim === null || review.claim === 0),
  );
  const label = () =>
    asReviewer(() => {
      if (!corrected) return announce("A case is made of a correction: edit the cause first");
      if (session.cases === null) return announce("Start `carrel review --cases FOLDER` to make cases");
      api
        .addCase(record.run, [])
        .then((made) => announce(`Case ${made.case} is in ${made.folder} now`))
        .catch((cause: unknown) => setLabelling(asProblem(cause).message));
    });

  useKeys("Report", [
    { key: "j", does: "next claim", run: () => step(1) },
    { key: "k", does: "claim before", run: () => step(-1) },
    {
      key: "Enter",
      does: "evidence of this claim",
      run: () => {
        const claim = claimOf(selected === WHOLE ? 0 : selected);
        if (claim && claim.citations.length > 0) show(claim.claim, shown.claim === claim.claim ? shown.at : 0);
      },
    },
    { key: "n", does: "next evidence", run: () => stepEvidence(1) },
    { key: "p", does: "evidence before", run: () => stepEvidence(-1) },
    { key: "a", does: "accept", run: () => accept(selected) },
    { key: "e", does: "edit, with a reason", run: () => decide("edit", selected) },
    { key: "r", does: "reject, with a reason", run: () => decide("reject", selected) },
    { key: "A", does: "accept the whole report", run: () => accept(WHOLE) },
    { key: "l", does: "make a labelled case of the correction", run: label },
    { key: "y", does: "the reply", run: () => go({ view: "run", run: record.run, tab: "reply" }) },
  ]);

  const shownClaim = claimOf(shown.claim);
  const citation = shownClaim?.citations[shown.at];
  const whole = record.reviews.filter((review) => review.claim === null);
  const actions = (number: number, edit: boolean) => (
    <Actions
      busy={busy}
      onAccept={() => accept(number)}
      onReject={() => decide("reject", number)}
      {...(edit ? { onEdit: () => decide("edit", number) } : {})}
    />
  );

  return (
    <div class="report" data-evidence={open ? "open" : "shut"}>
      <div class="claims" ref={list}>
        <article
          class="claim whole"
          tabIndex={selected === WHOLE ? 0 : -1}
          data-claim={WHOLE}
          data-selected={selected === WHOLE}
          aria-label="The whole report"
          aria-current={selected === WHOLE}
          onFocusIn={() => select(WHOLE)}
          onClick={() => select(WHOLE)}
        >
          <div class="claim-head">
            <h2>The whole report</h2>
            <DecisionBadge decision={whole[whole.length - 1]?.decision ?? null} />
          </div>
          <div class="sure">
            <Confidence level={report.confidence.level} score={report.confidence.score} />
            <p class="quiet">
              <Text of={report.confidence.basis} />
            </p>
          </div>
          <Checks checks={report.checks} />
          {actions(WHOLE, false)}
        </article>
        {groups.map((group) => (
          <section class="group" aria-label={group.title}>
            <h2>{group.title}</h2>
            {group.claims.map((claim) => (
              <ClaimCard
                key={claim.claim}
                claim={claim}
                record={record}
                selected={selected === claim.claim}
                shown={shown.claim === claim.claim ? shown.at : -1}
                onSelect={() => select(claim.claim)}
                onShow={(at) => show(claim.claim, at)}
              >
                {actions(claim.claim, true)}
              </ClaimCard>
            ))}
          </section>
        ))}
        {corrected && (
          <section class="after" aria-label="After a correction">
            <p>The cause was corrected: it can become a labelled case, on which playbooks are evaluated.</p>
            <button type="button" onClick={label}>
              <Icon name="label" /> Make a case <kbd aria-hidden="true">l</kbd>
            </button>
          </section>
        )}
      </div>
      <EvidencePane
        record={record}
        citation={citation}
        place={shownClaim ? `${shown.at + 1} of ${shownClaim.citations.length}` : ""}
        onStep={stepEvidence}
        open={open}
        onClose={() => {
          setOpen(false);
          focusOn(selected);
        }}
      />
      {dialog && (
        <DecideDialog
          {...dialog}
          onClose={() => setDialog(null)}
          onDecide={(reason, text) => keep(dialog.decision, dialog.subject, reason, text)}
        />
      )}
      {labelling !== "" && <CaseDialog run={record.run} why={labelling} onClose={() => setLabelling("")} />}
    </div>
  );
}

// Those that did not pass are always in sight, the others behind their count.
function Checks({ checks }: { checks: Check[] }) {
  const passed = checks.filter((check) => check.verdict === "pass");
  return (
    <>
      <ul class="checks" aria-label="Checks that did not pass">
        {checks
          .filter((check) => check.verdict !== "pass")
          .map((check) => (
            <CheckBadge check={check} />
          ))}
      </ul>
      {passed.length > 0 && (
        <details class="passed">
          <summary>{counted(passed.length, "check")} passed</summary>
          <ul class="checks" aria-label="Checks that passed">
            {passed.map((check) => (
              <CheckBadge check={check} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

interface ActionsProps {
  busy: boolean;
  onAccept: () => void;
  onEdit?: () => void;
  onReject: () => void;
}

function Actions({ busy, onAccept, onEdit, onReject }: ActionsProps) {
  return (
    <div class="actions">
      <button type="button" class="accept" disabled={busy} onClick={onAccept}>
        <Icon name="pass" /> Accept <kbd aria-hidden="true">a</kbd>
      </button>
      {onEdit && (
        <button type="button" disabled={busy} onClick={onEdit}>
          <Icon name="edit" /> Edit <kbd aria-hidden="true">e</kbd>
        </button>
      )}
      <button type="button" class="reject" disabled={busy} onClick={onReject}>
        <Icon name="fail" /> Reject <kbd aria-hidden="true">r</kbd>
      </button>
    </div>
  );
}

interface ClaimCardProps {
  claim: Claim;
  record: RunRecord;
  selected: boolean;
  shown: number; // place of the citation that is shown; -1: none of this claim
  onSelect: () => void;
  onShow: (at: number) => void;
  children: preact.ComponentChildren;
}

function ClaimCard({ claim, record, selected, shown, onSelect, onShow, children }: ClaimCardProps) {
  const reviews = record.reviews.filter((review) => review.claim === claim.claim);
  const edited = claim.decided_text !== claim.text;
  return (
    <article
      class={`claim ${claim.kind}`}
      tabIndex={selected ? 0 : -1}
      data-claim={claim.claim}
      data-selected={selected}
      data-decision={claim.decision ?? "none"}
      aria-label={`Claim ${claim.claim}, ${claim.kind}`}
      aria-current={selected}
      onFocusIn={onSelect}
      onClick={onSelect}
    >
      <div class="claim-head">
        <p class="claim-text">
          {edited ? (
            <Words of={wordDiff(claim.text, claim.decided_text)} />
          ) : claim.kind === "command" ? (
            <code>
              <Text of={claim.text} />
            </code>
          ) : (
            <Text of={claim.text} />
          )}
        </p>
        {claim.decision && <DecisionBadge decision={claim.decision} />}
      </div>
      {claim.basis !== "" && claim.kind !== "cause" && (
        <p class="basis">
          <Text of={claim.basis} />
        </p>
      )}
      {claim.citations.length > 0 && (
        <ul class="citations" aria-label="Evidence">
          {claim.citations.map((citation, at) => (
            <li>
              <CitationButton citation={citation} shown={at === shown} onShow={() => onShow(at)} />
            </li>
          ))}
        </ul>
      )}
      {reviews.length > 0 && (
        <ul class="reviews" aria-label="Decisions">
          {reviews.map((review) => (
            <li>
              <b>{review.reviewer}</b> {SAID[review.decision].toLowerCase()}
              {review.reason !== "" && ": "}
              <Text of={review.reason} />
            </li>
          ))}
        </ul>
      )}
      {selected && children}
    </article>
  );
}

function CitationButton({ citation, shown, onShow }: { citation: Citation; shown: boolean; onShow: () => void }) {
  const name = citation.file.slice(citation.file.lastIndexOf("/") + 1);
  return (
    <button type="button" class="citation" aria-pressed={shown} onClick={onShow} title={citation.reason}>
      <b>{citation.id}</b>
      <span>
        <Text of={name} />:{citation.line}
      </span>
    </button>
  );
}
