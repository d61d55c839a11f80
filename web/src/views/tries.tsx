// What the tries agree on, and each side by side: what it wrote, over the same evidence.
import { api, type Consensus, type Tries } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty } from "../parts/notice";
import { Text } from "../parts/text";
import { counted } from "../text";

export function TriesView({ run, consensus }: { run: string; consensus: Consensus | undefined }) {
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
        <>
          {consensus && consensus.claims.length > 0 && <Agreed consensus={consensus} />}
          <div class="tries">
            {value.tries.map((one) => (
              <Try one={one} />
            ))}
          </div>
        </>
      )}
    </Answer>
  );
}

const CLAIMS: Record<Consensus["claims"][number]["kind"], string> = {
  cause: "cause",
  citation: "evidence",
  command: "command",
};

function Agreed({ consensus }: { consensus: Consensus }) {
  return (
    <section class="paper agreed" aria-label="What the tries agree on">
      <h2>What the tries agree on</h2>
      <div class="wide-table">
        <table>
          <thead>
            <tr>
              <th>What</th>
              <th>Claim</th>
              <th>Tries that say so</th>
            </tr>
          </thead>
          <tbody>
            {consensus.claims.map((claim) => (
              <tr>
                <th scope="row">{CLAIMS[claim.kind]}</th>
                <td>{claim.kind === "cause" ? "that of the report" : <Text of={claim.claim} />}</td>
                <td>
                  {claim.tries} of {claim.of}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {consensus.test !== "" && (
        <p class="quiet">
          <Text of={consensus.test} />
        </p>
      )}
    </section>
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
