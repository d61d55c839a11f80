// Who is there. Reading needs no name; what is decided bears one: whatever decides asks for the sign-in first.
import { createContext, type ComponentChildren } from "preact";
import { useCallback, useContext, useState } from "preact/hooks";
import { api, type Session } from "./api";
import { SignInDialog } from "./views/sign_in";

interface Desk {
  session: Session;
  setSession: (session: Session) => void;
  // Runs `then` once somebody is signed in: at once, or after the dialog.
  asReviewer: (then: () => void) => void;
}

const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("there is no desk above this view");
  return desk;
}

export function DeskProvider({ first, children }: { first: Session; children: ComponentChildren }) {
  const [session, setSession] = useState(first);
  const [waiting, setWaiting] = useState<(() => void) | null>(null);
  const asReviewer = useCallback(
    (then: () => void) => {
      if (session.reviewer !== null) then();
      else setWaiting(() => then);
    },
    [session],
  );
  return (
    <DeskContext.Provider value={{ session, setSession, asReviewer }}>
      {children}
      {waiting && (
        <SignInDialog
          reviewers={session.reviewers}
          onClose={() => setWaiting(null)}
          onSignedIn={(signedIn) => {
            setSession(signedIn);
            setWaiting(null);
            waiting();
          }}
        />
      )}
    </DeskContext.Provider>
  );
}

export function Reviewer() {
  const { session, setSession, asReviewer } = useDesk();
  if (session.reviewer === null) {
    return (
      <button type="button" class="who" onClick={() => asReviewer(() => undefined)}>
        Sign in
      </button>
    );
  }
  return (
    <button
      type="button"
      class="plain who"
      title={`Signed in as ${session.reviewer}`}
      aria-label={`Signed in as ${session.reviewer}: sign out`}
      onClick={() => void api.signOut().then(setSession)}
    >
      <span class="avatar" aria-hidden="true">
        {session.reviewer.slice(0, 2)}
      </span>
    </button>
  );
}
