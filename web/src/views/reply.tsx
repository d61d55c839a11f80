// The reply to whoever asked: drafted from the accepted claims, changed as one likes, copied or saved.
import { useEffect, useState } from "preact/hooks";
import { api, type RunRecord } from "../api";
import { useKeys } from "../keys";
import { useLoaded } from "../loaded";
import { announce } from "../parts/announce";
import { Icon } from "../parts/icon";
import { Answer, Empty } from "../parts/notice";

export function ReplyView({ record }: { record: RunRecord }) {
  const draft = useLoaded(`reply ${record.run} ${record.reviews.length}`, (signal) => api.reply(record.run, signal));
  return (
    <Answer
      of={draft}
      problem={(problem) =>
        (problem.type === "nothing-accepted" || problem.type === "no-report") && (
          <Empty title="There is no reply yet">
            <p>
              It is made of the claims that were accepted or edited. Accept the report (<kbd>A</kbd>) or some of its
              claims (<kbd>a</kbd>) first.
            </p>
          </Empty>
        )
      }
    >
      {(text) => <Draft key={text} run={record.run} draft={text} />}
    </Answer>
  );
}

function Draft({ run, draft }: { run: string; draft: string }) {
  const [text, setText] = useState(draft);
  const copy = () => {
    navigator.clipboard
      .writeText(text)
      .then(() => announce("The reply is copied"))
      .catch(() => announce("This browser does not let the page copy: select the text"));
  };
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
    link.download = `${run}.md`;
    link.click();
    URL.revokeObjectURL(link.href);
    announce(`Saved as ${run}.md`);
  };
  useKeys("Reply", [
    { key: "c", does: "copy", run: copy },
    { key: "s", does: "save", run: save },
  ]);
  useEffect(() => setText(draft), [draft]);
  return (
    <section class="reply" aria-label="Reply">
      <div class="reply-actions">
        <p class="quiet">Markdown, from the accepted claims alone. Changes here are yours and are not kept in the ledger.</p>
        <button type="button" onClick={copy}>
          <Icon name="copy" /> Copy <kbd aria-hidden="true">c</kbd>
        </button>
        <button type="button" onClick={save}>
          <Icon name="save" /> Save <kbd aria-hidden="true">s</kbd>
        </button>
      </div>
      <textarea
        class="mono"
        aria-label="The reply as Markdown"
        rows={26}
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </section>
  );
}
