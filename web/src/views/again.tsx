// Asking again: the same bundle, another variant, more tries, another model, another question.
import { useState } from "preact/hooks";
import { api, type Again, type Choices } from "../api";
import { asProblem, useLoaded } from "../loaded";
import { announce } from "../parts/announce";
import { FormDialog, MessageDialog } from "../parts/dialog";
import { Answer } from "../parts/notice";
import { Text } from "../parts/text";
import { go } from "../routes";

export function AgainDialog({ run, onClose }: { run: string; onClose: () => void }) {
  const choices = useLoaded(`choices ${run}`, (signal) => api.choices(run, signal));
  if (choices.value?.possible) return <AgainForm run={run} choices={choices.value} onClose={onClose} />;
  return (
    <MessageDialog title="Ask again" onClose={onClose}>
      <Answer of={choices}>
        {(value) => (
          <p class="problem">
            <Text of={value.why_not} />
          </p>
        )}
      </Answer>
    </MessageDialog>
  );
}

function AgainForm({ run, choices, onClose }: { run: string; choices: Choices; onClose: () => void }) {
  const [question, setQuestion] = useState(choices.question);
  const [model, setModel] = useState(choices.engine === "llama" ? choices.model : "");
  const [variants, setVariants] = useState<string[]>([]);
  const [tries, setTries] = useState(choices.tries);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const listed = choices.models.some((known) => known.name === choices.model);

  const submit = () => {
    const wish: Again = { question };
    if (model === "") wish.engine = "none";
    else {
      wish.engine = "llama";
      if (model !== choices.model || listed) wish.model = model;
      if (variants.length > 0) wish.variants = variants;
      wish.tries = tries;
    }
    setBusy(true);
    api
      .again(run, wish)
      .then((begun) => {
        announce(`Run ${begun.run} has begun`);
        onClose();
        go({ view: "run", run: begun.run, tab: "report" });
      })
      .catch((cause: unknown) => {
        setError(asProblem(cause).message);
        setBusy(false);
      });
  };
  return (
    <FormDialog title="Ask again" action="Ask" busy={busy} error={error} onSubmit={submit} onClose={onClose}>
      <label>
        Question
        <textarea rows={2} required value={question} onInput={(event) => setQuestion(event.currentTarget.value)} />
      </label>
      <label>
        Model
        <select autofocus value={model} onChange={(event) => setModel(event.currentTarget.value)}>
          <option value="">none: the detectors alone</option>
          {choices.model !== "" && !listed && <option value={choices.model}>{choices.model} (as before)</option>}
          {choices.models.map((known) => (
            <option value={known.name}>
              {known.name}
              {known.about !== "" && ` · ${known.about}`}
            </option>
          ))}
        </select>
      </label>
      {choices.models.length === 0 && choices.model === "" && (
        <p class="context">
          No model is known by a name yet: <code>carrel models add FILE --name NAME</code> makes it known.
        </p>
      )}
      {model !== "" && (
        <>
          <fieldset>
            <legend>
              Variants <span class="quiet">(one try each; none marked: as the playbook has them)</span>
            </legend>
            {choices.variants.map((variant) => (
              <label class="check-label">
                <input
                  type="checkbox"
                  checked={variants.includes(variant)}
                  onChange={(event) =>
                    setVariants(
                      event.currentTarget.checked
                        ? [...variants, variant]
                        : variants.filter((other) => other !== variant),
                    )
                  }
                />{" "}
                {variant}
              </label>
            ))}
          </fieldset>
          <label>
            Tries <span class="quiet">(0: one for each variant)</span>
            <input
              type="number"
              min={0}
              max={16}
              value={tries}
              onInput={(event) => setTries(Number(event.currentTarget.value))}
            />
          </label>
        </>
      )}
    </FormDialog>
  );
}
