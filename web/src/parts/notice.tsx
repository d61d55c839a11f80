// What stands where there is nothing else: loading, a problem, an empty place that says how to fill it.
import type { ComponentChildren } from "preact";
import type { Problem } from "../api";
import type { Loaded } from "../loaded";
import { Text } from "./text";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function ProblemNotice({ problem, onAgain }: { problem: Problem; onAgain?: () => void }) {
  return (
    <section class="empty problem-notice" role="alert">
      <h2>
        <Text of={problem.detail} />
      </h2>
      {problem.remedy !== "" && (
        <p>
          <Text of={problem.remedy} />
        </p>
      )}
      {onAgain && (
        <button type="button" onClick={onAgain}>
          Try again
        </button>
      )}
    </section>
  );
}

interface AnswerProps<T> {
  of: Loaded<T>;
  children: (value: T) => ComponentChildren;
  problem?: (problem: Problem) => ComponentChildren; // for those that are no accident; undefined: the usual notice
}

export function Answer<T>({ of, children, problem }: AnswerProps<T>) {
  if (of.problem) return <>{problem?.(of.problem) ?? <ProblemNotice problem={of.problem} onAgain={of.again} />}</>;
  if (of.value === undefined) {
    return (
      <p class="loading" role="status">
        Loading…
      </p>
    );
  }
  return <>{children(of.value)}</>;
}

export function Unread({ of }: { of: { tenant: string; error: string }[] }) {
  if (of.length === 0) return null;
  return (
    <ul class="unread" aria-label="Tenants that could not be read">
      {of.map((tenant) => (
        <li>
          <b>
            <Text of={tenant.tenant} />
          </b>{" "}
          is not in this list: <Text of={tenant.error} />
        </li>
      ))}
    </ul>
  );
}
