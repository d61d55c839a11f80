// Runs by the words in them.
import { api } from "../api";
import { useLoaded } from "../loaded";
import { Answer, Empty, Unread } from "../parts/notice";
import { useRowKeys } from "../parts/rows";
import { Text } from "../parts/text";
import { href } from "../routes";
import { counted } from "../text";
import { RunRow } from "./runs";

export function SearchView({ words }: { words: string }) {
  return (
    <>
      <header class="head">
        <h1 tabIndex={-1}>Search</h1>
      </header>
      {words === "" ? (
        <Empty title="Which words?">
          <p>
            <kbd>/</kbd> leads to the search. It looks in questions, causes, evidence and reviews; all words have to be
            there, and a star stands for the rest of a word: <code>fast-*</code>.
          </p>
        </Empty>
      ) : (
        <Found words={words} />
      )}
    </>
  );
}

function Found({ words }: { words: string }) {
  const found = useLoaded(`search ${words}`, (signal) => api.search(words, signal));
  const list = useRowKeys("Search");
  return (
    <Answer of={found}>
      {(page) => (
        <>
          <Unread of={page.unread} />
          <p class="quiet found" role="status">
            {counted(page.items.length, "run")} with “<Text of={words} />”
          </p>
          {page.items.length > 0 && (
            <ol class="rows" ref={list} aria-label="Runs that were found">
              {page.items.map((run) => (
                <RunRow
                  key={run.run}
                  run={run}
                  to={href({ view: "run", run: run.run, tab: "report" })}
                  excerpt={run.excerpt}
                />
              ))}
            </ol>
          )}
        </>
      )}
    </Answer>
  );
}
