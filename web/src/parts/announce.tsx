// What happened, said once: at the foot of the page, and by a screen reader.
import { useEffect, useState } from "preact/hooks";

const SHOWN_MS = 4000;
const listeners = new Set<(text: string) => void>();

export function announce(text: string): void {
  for (const listener of listeners) listener(text);
}

export function Announcements() {
  const [said, setSaid] = useState({ text: "", times: 0 });
  useEffect(() => {
    const say = (text: string) => setSaid((before) => ({ text, times: before.times + 1 }));
    listeners.add(say);
    return () => void listeners.delete(say);
  }, []);
  useEffect(() => {
    if (said.text === "") return;
    const timer = setTimeout(() => setSaid((now) => ({ ...now, text: "" })), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said.times]);
  return (
    <div class="announcements" role="status" aria-live="polite">
      {said.text !== "" && <p key={said.times}>{said.text}</p>}
    </div>
  );
}
