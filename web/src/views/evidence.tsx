// A citation in its file: why the line was chosen, what stands around it, and who else cites it.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Citation, type RunRecord } from "../api";
import { useFileLines } from "../file_lines";
import { useKeys } from "../keys";
import { useLoaded } from "../loaded";
import { FileView } from "../parts/file_view";
import { Icon } from "../parts/icon";
import { Answer } from "../parts/notice";
import { Text } from "../parts/text";
import { href } from "../routes";
import { counted, shortPath, visible } from "../text";

const LONG = 100; // characters of a line: more do not fit beside the claims

interface EvidenceProps {
  record: RunRecord;
  citation: Citation | undefined;
  place: string;
  onStep: (by: number) => void;
  open: boolean; // in front, on a narrow screen
  onClose: () => void;
}

export function EvidencePane({ record, citation, ...pane }: EvidenceProps) {
  if (!citation) {
    return (
      <aside class="evidence" aria-label="Evidence">
        <p class="quiet none">This report cites nothing.</p>
      </aside>
    );
  }
  return <Cited record={record} citation={citation} {...pane} />;
}

function Cited({ record, citation, place, onStep, open, onClose }: EvidenceProps & { citation: Citation }) {
  const citations = record.claims.flatMap((claim) => claim.citations);
  const lines = useFileLines(record.run, citation.file, citations);
  const [line, setLine] = useState(0); // where somebody went; 0: where the citation is
  const [others, setOthers] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const at = `${citation.id} ${citation.file}:${citation.line}`;
  useEffect(() => {
    setLine(0);
    setOthers(false);
  }, [at]);
  useEffect(() => {
    if (open && getComputedStyle(heading.current as Element).position !== "static") heading.current?.focus();
  }, [open]);
  useKeys("Evidence", [
    { key: "c", does: "other claims that cite this line", run: () => setOthers((shown) => !shown) },
    ...(open ? [{ key: "Escape", does: "close the evidence", run: onClose }] : []),
  ]);

  const cited = citation.end_line > citation.line ? `${citation.line}–${citation.end_line}` : `${citation.line}`;
  return (
    <aside class="evidence" aria-label="Evidence">
      <header class="evidence-head">
        <div class="evidence-title">
          <h2 ref={heading} tabIndex={-1}>
            <b>{citation.id}</b>{" "}
            <span class="mono" title={visible(citation.file)}>
              <Text of={shortPath(citation.file, 64)} />:{cited}
            </span>
          </h2>
          <span class="beside" role="group" aria-label="Evidence of this claim">
            <button type="button" class="plain" onClick={() => onStep(-1)} aria-label="Evidence before (p)">
              <Icon name="left" />
            </button>
            <span class="quiet">{place}</span>
            <button type="button" class="plain" onClick={() => onStep(1)} aria-label="Next evidence (n)">
              <Icon name="right" />
            </button>
          </span>
          <button type="button" class="plain close" onClick={onClose} aria-label="Close the evidence">
            <Icon name="fail" />
          </button>
        </div>
        <p class="reason">
          <Text of={citation.reason} />
        </p>
        <pre class="quote" data-long={citation.quote.split("\n").some((quoted) => quoted.length > LONG)}>
          <Text of={citation.quote} />
        </pre>
        {citation.path !== "" && (
          <p class="mono quiet pointer">
            <Text of={citation.path} />
          </p>
        )}
      </header>
      <FileView
        name={visible(citation.file)}
        lines={lines}
        first={line || citation.line}
        last={line || Math.max(citation.line, citation.end_line)}
        at={`${at} ${line}`}
      />
      <footer class="evidence-foot">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const wish = Number(new FormData(event.currentTarget).get("line"));
            if (wish >= 1) setLine(Math.min(lines.total, Math.floor(wish)));
          }}
        >
          <label>
            Line <input name="line" inputMode="numeric" size={6} placeholder={String(citation.line)} />
          </label>{" "}
          <span class="quiet">of {counted(lines.total, "line")}</span>
        </form>
        <button type="button" class="plain" aria-expanded={others} onClick={() => setOthers(!others)}>
          Who else cites it <kbd aria-hidden="true">c</kbd>
        </button>
      </footer>
      {lines.problem && (
        <p class="notice" role="status">
          Only the lines that the run kept can be shown: <Text of={lines.problem.message} />
        </p>
      )}
      {others && <Others record={record} citation={citation} />}
    </aside>
  );
}

function Others({ record, citation }: { record: RunRecord; citation: Citation }) {
  const citing = useLoaded(`citing ${citation.file} ${citation.line}`, (signal) =>
    api.citing(record.tenant, citation.file, citation.line, signal),
  );
  return (
    <section class="others" aria-label="Claims that cite this line">
      <Answer of={citing}>
        {(found) => (
          <ul>
            {found.items.map((claim) => (
              <li>
                {claim.run === record.run ? (
                  <span class="quiet">this run</span>
                ) : (
                  <a href={href({ view: "run", run: claim.run, tab: "report" })}>{claim.run}</a>
                )}{" "}
                <Text of={claim.text} />
              </li>
            ))}
          </ul>
        )}
      </Answer>
    </section>
  );
}
