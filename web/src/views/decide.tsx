// An edit or a rejection: both have a reason.
import { useState } from "preact/hooks";
import { asProblem } from "../loaded";
import { FormDialog } from "../parts/dialog";
import { Text } from "../parts/text";
import { pieces } from "../text";

export interface Subject {
  claim: number | null; // null: the whole report
  name: string;
  text: string; // as it stands, with the newest edit
}

interface DecideProps {
  decision: "edit" | "reject";
  subject: Subject;
  onClose: () => void;
  onDecide: (reason: string, text: string) => Promise<void>;
}

export function DecideDialog({ decision, subject, onClose, onDecide }: DecideProps) {
  const [text, setText] = useState(subject.text);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const edit = decision === "edit";
  const submit = () => {
    setBusy(true);
    onDecide(reason.trim(), text.trim()).catch((cause: unknown) => {
      setError(asProblem(cause).message);
      setBusy(false);
    });
  };
  return (
    <FormDialog
      title={edit ? `Edit ${subject.claim === null ? "the cause" : subject.name}` : `Reject ${subject.name}`}
      action={edit ? "Keep the edit" : "Reject"}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      {edit ? (
        <label>
          What it should say
          <textarea rows={4} required autofocus value={text} onInput={(event) => setText(event.currentTarget.value)} />
          {pieces(text).some((piece) => piece.hidden) && (
            <span class="warning">
              There are characters in it that are not seen here: <Text of={text} />
            </span>
          )}
        </label>
      ) : (
        <p class="context">
          <Text of={subject.text} />
        </p>
      )}
      <label>
        Reason
        <textarea
          rows={2}
          required
          autofocus={!edit}
          placeholder={edit ? "what was wrong with it" : "why it does not hold"}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </FormDialog>
  );
}
