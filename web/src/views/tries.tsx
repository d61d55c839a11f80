// Tries side by side: what each wrote, over the same evidence.
import { api, type Tries } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty } from "../parts/notice";
import { Text } from "../parts/text";
import { counted } from "../text";

export function TriesView({ run }: { run: string }) {
  const tries = useLoaded(`tries ${run}`, (signal) => api.tries(run, signal));
  return (
    <Answer
      of={tries}
      problem={(problem) =>
        problem.type === "no-such-object" && (
          <Empty title="There were no tries">
            <p>
              No model was asked. <kbd>t</kbd> asks again, with a model that <code>carrel models list</code> lists.
            </p>
          </Empty>
        )
      }
    >
      {(value) => (
        <div class="tries">
          {value.tries.map((one) => (
            <Try one={one} />
          ))}
        </div>
      )}
    </Answer>
  );
}

// The answer as JSON for people; as it is where it did not end.
function laidOut(answer: string): string {
  try {
    return JSON.stringify(JSON.parse(answer), null, 2);
  } catch {
    return answer;
  }
}

function Try({ one }: { one: Tries["tries"][number] }) {
  return (
    <section class="paper" data-chosen={one.chosen} aria-label={`Try ${one.variant}`}>
      <h2>
        <Text of={one.variant} />
        {one.chosen && <span class="badge accept">chosen</span>}
        {!one.chosen && <span class="badge">{one.agrees ? "agrees" : "differs"}</span>}
      </h2>
      <p class="quiet">
        {one.stop}, {counted(one.tokens, "token")}, {one.forced_tokens} of them from the grammar
      </p>
      <pre>
        <Text of={laidOut(one.answer)} />
      </pre>
    </section>
  );
}
