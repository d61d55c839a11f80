// Signing in: a reviewer of `carrel reviewers`, with a password.
import { useState } from "preact/hooks";
import { api, type Session } from "../api";
import { asProblem } from "../loaded";
import { FormDialog, MessageDialog } from "../parts/dialog";

interface SignInProps {
  reviewers: string[];
  onClose: () => void;
  onSignedIn: (session: Session) => void;
}

export function SignInDialog({ reviewers, onClose, onSignedIn }: SignInProps) {
  const [name, setName] = useState(reviewers[0] ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  if (reviewers.length === 0) {
    return (
      <MessageDialog title="Nobody can sign in yet" onClose={onClose}>
        <p>A decision bears the name of who made it. Make yourself a reviewer in a terminal, then load this page again:</p>
        <pre class="block">carrel reviewers add NAME</pre>
      </MessageDialog>
    );
  }

  const submit = () => {
    setBusy(true);
    api
      .signIn(name, password)
      .then(onSignedIn)
      .catch((cause: unknown) => {
        setError(asProblem(cause).message);
        setPassword("");
        setBusy(false);
      });
  };
  return (
    <FormDialog title="Sign in to decide" action="Sign in" busy={busy} error={error} onSubmit={submit} onClose={onClose}>
      <label>
        Reviewer
        <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
          {reviewers.map((reviewer) => (
            <option value={reviewer}>{reviewer}</option>
          ))}
        </select>
      </label>
      <label>
        Password
        <input
          type="password"
          autocomplete="current-password"
          required
          autofocus
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
    </FormDialog>
  );
}
