// Small marks: how sure, which verdict, what was decided, how a check went. Never by colour alone.
import type { Check, Decision, RunState, Verdict } from "../api";
import { Icon, type IconName } from "./icon";
import { Text } from "./text";

const VERDICTS: Record<Verdict, string> = {
  fault: "Fault",
  no_fault: "No fault",
  insufficient_evidence: "Not enough evidence",
  "": "No report",
};

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  return <span class={`badge verdict-${verdict || "none"}`}>{VERDICTS[verdict]}</span>;
}

export function Confidence({ level, score }: { level: string; score: number }) {
  if (level === "") return <span class="confidence quiet">–</span>;
  return (
    <span class="confidence" data-level={level}>
      <span class="unseen">confidence</span>
      <svg viewBox="0 0 34 8" width="34" height="8" aria-hidden="true" focusable="false">
        <rect class="track" width="34" height="8" rx="2" />
        <rect class="fill" width={Math.max(2, 34 * score)} height="8" rx="2" />
      </svg>
      <span class="figure">{score.toFixed(2)}</span>
      <span class="quiet">{level}</span>
    </span>
  );
}

const DECISIONS: Record<Decision, [IconName, string]> = {
  accept: ["pass", "Accepted"],
  edit: ["edit", "Edited"],
  reject: ["fail", "Rejected"],
};

export function DecisionBadge({ decision }: { decision: Decision | null }) {
  if (!decision) return <span class="badge waiting">Undecided</span>;
  const [icon, word] = DECISIONS[decision];
  return (
    <span class={`badge ${decision}`}>
      <Icon name={icon} /> {word}
    </span>
  );
}

export function CheckBadge({ check }: { check: Check }) {
  return (
    <li class={`check ${check.verdict}`}>
      <Icon name={check.verdict} />
      <span>
        <span class="unseen">{check.verdict}: </span>
        <b>{check.name}</b> <Text of={check.detail} />
      </span>
    </li>
  );
}

export function StateBadge({ state }: { state: RunState }) {
  return <span class={`badge state-${state}`}>{state}</span>;
}
