// The prompt as it was: what the think room was asked. Without a model, the evidence that one would have been given.
import { api, type EvidenceLine, type Prompt } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty } from "../parts/notice";
import { More, usePages } from "../parts/pages";
import { Text } from "../parts/text";
import { counted } from "../text";

export function PromptView({ run }: { run: string }) {
  const prompt = useLoaded(`prompt ${run}`, (signal) => api.prompt(run, signal));
  return (
    <Answer of={prompt} problem={(problem) => problem.type === "no-such-object" && <EvidenceAlone run={run} />}>
      {(value) => <PromptParts prompt={value} />}
    </Answer>
  );
}

function PromptParts({ prompt }: { prompt: Prompt }) {
  const kept = prompt.lines.filter((line) => line.kept);
  const dropped = prompt.lines.filter((line) => !line.kept);
  return (
    <div class="papers">
      <Paper title="System">{prompt.system}</Paper>
      <section class="paper">
        <h2>
          Evidence, {counted(kept.length, "line")} <span class="quiet">by rank; all tries share it</span>
        </h2>
        <EvidenceList lines={kept} />
        {dropped.length > 0 && (
          <details>
            <summary>{counted(dropped.length, "line")} did not fit and were dropped</summary>
            <EvidenceList lines={dropped} />
          </details>
        )}
        <p class="quiet">
          <Text of={prompt.left_out} />
        </p>
      </section>
      <Paper title="Question">{prompt.question}</Paper>
      {prompt.variants.map((variant) => (
        <Paper title={`Variant ${variant.name}`}>{variant.instructions}</Paper>
      ))}
      <section class="paper">
        <h2>Sampling and limits</h2>
        <dl class="facts-list">
          {Object.entries({ ...prompt.sampling, context: prompt.context, output_tokens: prompt.output_tokens }).map(
            ([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
          )}
        </dl>
      </section>
      <Paper title="Commands that may be written">{prompt.commands.join("\n")}</Paper>
      <Paper title="Schema of the answer">{prompt.schema}</Paper>
    </div>
  );
}

function Paper({ title, children }: { title: string; children: string }) {
  return (
    <section class="paper">
      <h2>
        <Text of={title} />
      </h2>
      <pre>
        <Text of={children} />
      </pre>
    </section>
  );
}

function EvidenceAlone({ run }: { run: string }) {
  const pages = usePages<EvidenceLine>(`evidence ${run}`, (cursor, signal) => api.evidence(run, cursor, signal));
  return (
    <div class="papers">
      <Empty title="No model was asked">
        <p>The detectors decided alone. These are the lines that a model would have been given, the best first.</p>
      </Empty>
      <Answer of={pages.all}>
        {(lines) => (
          <section class="paper">
            <h2>Evidence, {counted(lines.length, "line")}</h2>
            <EvidenceList lines={lines} />
            <More of={pages} />
          </section>
        )}
      </Answer>
    </div>
  );
}

function EvidenceList({ lines }: { lines: EvidenceLine[] }) {
  return (
    <ol class="evidence-list">
      {lines.map((line) => (
        <li key={`${line.file}:${line.line}:${line.path}`}>
          <p class="address">
            {line.id !== "" && <b>{line.id} </b>}
            <span class="mono">
              <Text of={line.file} />:{line.line}
            </span>{" "}
            <span class="quiet">
              <Text of={line.reason} />
            </span>
          </p>
          <pre>
            <Text of={line.quote} />
          </pre>
        </li>
      ))}
    </ol>
  );
}
