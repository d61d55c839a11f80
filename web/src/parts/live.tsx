// A run that goes on, as the server tells of it: its stages, and how far the one of now has come.
import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { announce } from "./announce";
import { Text } from "./text";

const STAGES = ["hash", "inspect", "read", "think", "check"];

interface LiveProps {
  run: string;
  title: string;
  canStop: boolean;
  onEnd: () => void;
}

export function LiveRun({ run, title, canStop, onEnd }: LiveProps) {
  const [seen, setSeen] = useState<string[]>([]);
  const [part, setPart] = useState<[number, number]>([0, 0]);
  const [lost, setLost] = useState(false);
  useEffect(
    () =>
      api.follow(run, {
        onState: (state) => {
          if (state.state === "running") return;
          announce(state.state === "failed" ? `Run ${run} failed: ${state.error}` : `Run ${run}: ${state.state}`);
          onEnd();
        },
        onStage: (stage) => {
          setSeen((before) => (before.includes(stage) ? before : [...before, stage]));
          setPart([0, 0]);
        },
        onProgress: (done, total) => setPart([done, total]),
        onLost: () => setLost(true),
      }),
    [run],
  );
  const now = seen[seen.length - 1] ?? "";
  const [done, total] = part;
  const shown = STAGES.filter((stage) => stage !== "inspect" && stage !== "think" ? true : seen.includes(stage));
  return (
    <section class="live-run" aria-label={`Run ${run} goes on`}>
      <p>
        <Text of={title} />
      </p>
      {canStop && (
        <button type="button" onClick={() => void api.stop(run).catch((cause: Error) => announce(cause.message))}>
          Stop
        </button>
      )}
      <ol class="stages" aria-live="polite">
        {shown.map((stage) => (
          <li data-state={stage === now ? "now" : seen.includes(stage) ? "done" : "next"}>
            {stage}
            {stage === now && total > 0 && ` ${Math.min(100, Math.floor((100 * done) / total))} %`}
          </li>
        ))}
      </ol>
      <progress aria-label="progress of this stage" {...(total > 0 ? { value: done, max: total } : {})} />
      {lost && <p class="problem">Its events do not come any more. Load the page again.</p>}
    </section>
  );
}
