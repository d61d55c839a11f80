// A labelled case of a correction, where the words alone do not tell right from wrong: the person says what does.
import { useState } from "preact/hooks";
import { api } from "../api";
import { asProblem } from "../loaded";
import { announce } from "../parts/announce";
import { FormDialog } from "../parts/dialog";

export function CaseDialog({ run, why, onClose }: { run: string; why: string; onClose: () => void }) {
  const [must, setMust] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(why);
  const submit = () => {
    setBusy(true);
    api
      .addCase(
        run,
        must.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
      )
      .then((made) => {
        announce(`Case ${made.case} is in ${made.folder} now`);
        onClose();
      })
      .catch((cause: unknown) => {
        setError(asProblem(cause).message);
        setBusy(false);
      });
  };
  return (
    <FormDialog title="Make a labelled case" action="Make the case" busy={busy} error={error} onSubmit={submit} onClose={onClose}>
      <label>
        A right answer matches each of these <span class="quiet">(regular expressions, one a line)</span>
        <textarea rows={4} class="mono" autofocus value={must} onInput={(event) => setMust(event.currentTarget.value)} />
      </label>
    </FormDialog>
  );
}
