// What is asked of the server, and where that stands. While it is asked again the last answer stays.
import { useCallback, useEffect, useState } from "preact/hooks";
import { Problem } from "./api";

export interface Loaded<T> {
  value: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  again: () => void;
}

export function asProblem(cause: unknown): Problem {
  return cause instanceof Problem ? cause : new Problem("page", String(cause), "");
}

// `key` says what is asked for: another key is another question, and its old answer goes.
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [answer, setAnswer] = useState<{ key: string; value?: T; problem?: Problem }>({ key });
  const [asked, setAsked] = useState(0);
  const [loading, setLoading] = useState(true);
  useEffect(() => {
    const abort = new AbortController();
    setLoading(true);
    load(abort.signal)
      .then((value) => {
        if (!abort.signal.aborted) setAnswer({ key, value });
      })
      .catch((cause: unknown) => {
        if (!abort.signal.aborted) setAnswer({ key, problem: asProblem(cause) });
      })
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false);
      });
    return () => abort.abort();
  }, [key, asked]);
  const again = useCallback(() => setAsked((times) => times + 1), []);
  const current = answer.key === key ? answer : { key };
  return { value: current.value, problem: current.problem, loading, again };
}
