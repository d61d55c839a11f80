// How playbooks and models did on labelled cases, over time.
import { api } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty, Unread } from "../parts/notice";
import { Plot } from "../parts/plot";
import { Text } from "../parts/text";
import { interval, seriesOf, share } from "../series";
import { moment } from "../text";

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

export function EvaluationsView() {
  const evaluations = useLoaded("evaluations", (signal) => api.evaluations(signal));
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Evaluations</h1>
        <span class="quiet">how often the cause was right, on labelled cases</span>
      </header>
      <Answer of={evaluations}>
        {(page) => {
          if (page.items.length === 0) {
            return (
              <Empty title="Nothing was evaluated yet">
                <p>A playbook is judged on old incidents whose cause is known:</p>
                <pre class="block">carrel eval k8s-triage --cases old-incidents/</pre>
                <p>
                  A correction made here becomes such a case with one key: <kbd>l</kbd> on a report whose cause was edited.
                </p>
              </Empty>
            );
          }
          const series = seriesOf(page.items);
          return (
            <>
              <Unread of={page.unread} />
              <figure class="card">
                <Plot series={series} />
                <figcaption>
                  {series.map((one, at) => (
                    <span class={`key s${at % 4}`}>
                      <Text of={one.label} /> <code class="quiet">{one.points[0]?.cases_sha256.slice(0, 6)}</code>
                    </span>
                  ))}
                </figcaption>
              </figure>
              <div class="card wide-table">
                <table>
                  <thead>
                    <tr>
                      <th>When</th>
                      <th>Playbook</th>
                      <th>Model</th>
                      <th>Cases</th>
                      <th class="figure">Right</th>
                      <th class="figure">95 % interval</th>
                    </tr>
                  </thead>
                  <tbody>
                    {page.items.map((evaluation) => {
                      const [low, high] = interval(evaluation);
                      return (
                        <tr>
                          <td>
                            <time dateTime={evaluation.at}>{moment(evaluation.at)}</time>
                          </td>
                          <td>
                            <Text of={evaluation.playbook} />
                          </td>
                          <td>
                            <Text of={evaluation.model || (evaluation.engine === "none" ? "none" : evaluation.engine)} />
                          </td>
                          <td>
                            <code>{evaluation.cases_sha256.slice(0, 6)}</code>
                          </td>
                          <td class="figure">
                            {evaluation.right} of {evaluation.of} <b>{percent(share(evaluation))}</b>
                          </td>
                          <td class="figure">
                            {percent(low)} to {percent(high)}
                          </td>
                        </tr>
                      );
                    })}
                  </tbody>
                </table>
              </div>
            </>
          );
        }}
      </Answer>
    </>
  );
}
