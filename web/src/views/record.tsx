// What a run was made of and what it took: stages, speed, what was left out, what was denied, settings, rooms.
import type { ComponentChildren } from "preact";
import { api, type Room, type RunRecord, type Stats } from "../api";
import { useLoaded } from "../loaded";
import { Icon } from "../parts/icon";
import { Answer } from "../parts/notice";
import { Text } from "../parts/text";
import { bytes, counted, moment, seconds, whole } from "../text";

const EXPORTS = ["html", "md", "json", "tar"] as const;

export function RecordView({ record }: { record: RunRecord }) {
  const stats = record.report?.stats;
  return (
    <div class="record">
      <Card title="Time">
        <Stages stages={record.notes} />
        {stats && (
          <p class="quiet">
            {bytes(stats.peak_memory_bytes)} in the largest room
            {stats.decode_tokens_per_s !== undefined && (
              <>
                ; {whole(stats.prompt_tokens ?? 0)} tokens read at {(stats.prefill_tokens_per_s ?? 0).toFixed(1)} a second,{" "}
                {whole(stats.output_tokens ?? 0)} written at {stats.decode_tokens_per_s.toFixed(1)} a second
              </>
            )}
          </p>
        )}
      </Card>
      {stats && (
        <Card title="What was read">
          <Facts
            facts={[
              ["format", stats.format],
              ["files", whole(stats.files)],
              ["lines", whole(stats.lines)],
              ["size", bytes(stats.bytes)],
              ["objects", whole(stats.objects)],
              ["evidence lines", `${whole(stats.evidence_kept)} of ${whole(stats.evidence_found)} kept`],
            ]}
          />
        </Card>
      )}
      <Card title="Left out">
        {!stats ? <p class="quiet">The run has no report that tells.</p> : <LeftOut stats={stats} />}
      </Card>
      <Card title="Denied">
        {record.denials.length === 0 ? (
          <p class="quiet">Nothing was tried that the rooms forbid.</p>
        ) : (
          <ul class="plain-list">
            {record.denials.map((denial) => (
              <li>
                <Icon name="warn" /> {denial.room} room: <code>{denial.call}</code>, {counted(denial.count, "time")}
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title="What each stage decided">
        <ol class="plain-list">
          {record.notes.map((note) => (
            <li>
              <b>{note.stage}</b> <Text of={note.text} />
            </li>
          ))}
        </ol>
      </Card>
      <Card title="Decisions">
        {record.reviews.length === 0 ? (
          <p class="quiet">Nobody has decided yet.</p>
        ) : (
          <ol class="plain-list">
            {record.reviews.map((review) => (
              <li>
                <time class="quiet" dateTime={review.at}>
                  {moment(review.at)}
                </time>{" "}
                <b>{review.reviewer}</b> {review.decision} {review.claim === null ? "report" : `claim ${review.claim}`}
                {review.reason !== "" && ": "}
                <Text of={review.reason} />
              </li>
            ))}
          </ol>
        )}
      </Card>
      {record.exceptions.length > 0 && (
        <Card title="Exceptions: what left this machine">
          <ul class="plain-list">
            {record.exceptions.map((exception) => (
              <li>
                {moment(exception.at)} {bytes(exception.sent_bytes)} to {exception.provider} ({exception.model}), consented by{" "}
                <b>{exception.consented_by}</b>: <Text of={exception.purpose} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card title="What went in">
        <Facts
          facts={[
            ["bundle", record.input],
            ["size", bytes(record.input_bytes)],
            ["sha256", record.input_sha256],
            ["playbook", record.playbook],
            ["its sha256", record.playbook_sha256],
            ["model", record.model || "none"],
            ["its sha256", record.model_sha256 || "–"],
            ["rooms' image", record.image_sha256],
          ]}
        />
      </Card>
      <Rooms run={record.run} />
      <Card title="Settings, and where each came from" wide>
        <div class="wide-table">
          <table>
            <thead>
              <tr>
                <th>Setting</th>
                <th>Value</th>
                <th>Source</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(record.settings).map(([name, { value, source }]) => (
                <tr data-default={source === "default"}>
                  <th scope="row">{name}</th>
                  <td class="mono">
                    <Text of={value} />
                  </td>
                  <td>
                    <Text of={source} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      {record.report && (
        <Card title="Take it along" wide>
          <p class="exports">
            {EXPORTS.map((as) => (
              <a class="button" href={api.exported(record.run, as)} download={`${record.run}.${as}`}>
                <Icon name="save" /> .{as}
              </a>
            ))}
          </p>
        </Card>
      )}
    </div>
  );
}

function Card({ title, wide = false, children }: { title: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <section class={wide ? "card wide" : "card"}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl class="facts-list">
      {facts.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <Text of={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Stages({ stages }: { stages: { stage: string; seconds: number }[] }) {
  const most = Math.max(...stages.map((stage) => stage.seconds), 0.001);
  return (
    <ol class="stage-times">
      {stages.map((stage) => (
        <li>
          <span>{stage.stage}</span>
          <meter min={0} max={most} value={stage.seconds} aria-hidden="true" />
          <span class="figure">{seconds(stage.seconds)}</span>
        </li>
      ))}
    </ol>
  );
}

function LeftOut({ stats }: { stats: Stats }) {
  if (stats.left_out.length === 0) return <p class="quiet">Nothing: all that was found was kept.</p>;
  return (
    <ul class="plain-list">
      {stats.left_out.map((left) => (
        <li>
          <b>
            <Text of={left.reason} />
          </b>
          : {left.files > 0 && counted(left.files, "file")} {left.lines > 0 && counted(left.lines, "line")}{" "}
          {left.bytes > 0 && bytes(left.bytes)}
          <div class="mono quiet">
            <Text of={left.file} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function Rooms({ run }: { run: string }) {
  const proof = useLoaded(`proof ${run}`, (signal) => api.proof(run, signal));
  return (
    <Card title="Rooms" wide>
      <Answer of={proof}>
        {(value) => (
          <>
            <div class="rooms">
              {value.rooms.map((room) => (
                <RoomFacts room={room} />
              ))}
            </div>
            {value.findings.map((finding) => (
              <p class="problem">
                <Icon name="fail" /> <Text of={finding} />
              </p>
            ))}
            {value.gaps.map((gap) => (
              <p class="quiet">
                Not shown by this record: <Text of={gap} />
              </p>
            ))}
          </>
        )}
      </Answer>
    </Card>
  );
}

function RoomFacts({ room }: { room: Room }) {
  const denied = room.denials.reduce((sum, denial) => sum + denial.count, 0);
  return (
    <details class="room">
      <summary>
        <b>{room.room}</b> {room.ending}, {bytes(room.peak_memory_bytes)}, {bytes(room.bytes_out)} out,{" "}
        {denied === 0 ? "nothing denied" : counted(denied, "denied call")}
      </summary>
      <p>
        <Text of={room.detail} />
      </p>
      <Facts facts={Object.entries(room.posture)} />
      <p class="quiet">
        <Text of={room.layers.join(", ")} />
      </p>
    </details>
  );
}
