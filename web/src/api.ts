// The client of /api/v1. Shapes and names are those of its OpenAPI document, which `carrel review` serves at
// /api/v1/openapi.yaml; only what the page shows is named here.

export type Decision = "accept" | "edit" | "reject";
export type Verdict = "fault" | "no_fault" | "insufficient_evidence" | "";
export type RunState = "running" | "finished" | "failed" | "interrupted";

export interface Session {
  version: string;
  csrf: string;
  reviewer: string | null;
  reviewers: string[];
  cases: string | null;
}

export interface Tenant {
  name: string;
  sealed: boolean;
  locked: boolean;
  error: string;
}

interface RunSummary {
  run: string;
  tenant: string;
  finished_at: string;
  input: string;
  question: string;
  playbook: string;
  engine: string;
  model: string;
  verdict: Verdict;
  level: string;
  score: number;
  passed: boolean;
}

export interface Waiting extends RunSummary {
  failed_checks: string[];
  root_cause: string;
  decision: Decision | null;
}

export interface RunHead extends RunSummary {
  state: RunState;
  started_at: string;
  error: string;
}

export interface FoundRun extends RunHead {
  excerpt: string;
}

export interface Page<T> {
  items: T[];
  next?: string;
  unread: { tenant: string; error: string }[];
}

interface ChosenLine {
  id: string;
  file: string;
  line: number;
  end_line: number;
  path: string;
  quote: string;
  reason: string;
}

export interface Citation extends ChosenLine {
  file_lines: number;
  first_line: number;
  lines: string[];
}

export type ClaimKind = "cause" | "alternative" | "command" | "missing" | "searched";

export interface Claim {
  claim: number;
  kind: ClaimKind;
  text: string;
  basis: string;
  decision: Decision | null;
  decided_text: string;
  citations: Citation[];
}

export interface Check {
  name: string;
  verdict: "pass" | "warn" | "fail";
  detail: string;
}

export interface Review {
  id: string;
  at: string;
  reviewer: string;
  decision: Decision;
  claim: number | null;
  reason: string;
  text: string;
}

export interface TryOutcome {
  variant: string;
  stop: string;
  tokens: number;
  chosen: boolean;
  agrees: boolean;
}

export interface Stats {
  format: string;
  files: number;
  lines: number;
  bytes: number;
  objects: number;
  evidence_found: number;
  evidence_kept: number;
  left_out: { file: string; reason: string; files: number; lines: number; bytes: number }[];
  stages: { stage: string; seconds: number }[];
  peak_memory_bytes: number;
  prompt_tokens?: number;
  output_tokens?: number;
  context?: number;
  threads?: number;
  load_s?: number;
  prefill_s?: number;
  decode_s?: number;
  prefill_tokens_per_s?: number;
  decode_tokens_per_s?: number;
  backend?: string;
  library?: string;
}

export interface Report {
  verdict: Verdict;
  root_cause: string;
  confidence: { level: string; score: number; basis: string };
  checks: Check[];
  consensus?: Consensus;
  stats: Stats;
}

// How many tries say each claim; only where a model was asked.
export interface Consensus {
  test: string;
  settled_tokens: number;
  claims: { kind: "cause" | "citation" | "command"; claim: string; tries: number; of: number }[];
}

export interface Exception {
  id: string;
  at: string;
  consented_by: string;
  provider: string;
  model: string;
  purpose: string;
  sent_bytes: number;
}

export interface RunRecord extends RunHead {
  playbook_sha256: string;
  input_sha256: string;
  input_bytes: number;
  model_sha256: string;
  image_sha256: string;
  settings: Record<string, { value: string; source: string }>;
  report: Report | null;
  claims: Claim[];
  notes: { stage: string; seconds: number; text: string }[];
  denials: { room: string; call: string; count: number }[];
  reviews: Review[];
  exceptions: Exception[];
}

export interface EvidenceLine extends ChosenLine {
  kept: boolean;
}

export interface Prompt {
  model: string;
  system: string;
  question: string;
  variants: { name: string; instructions: string }[];
  schema: string;
  commands: string[];
  lines: EvidenceLine[];
  left_out: string;
  sampling: Record<string, number>;
  context: number;
  output_tokens: number;
}

export interface Tries {
  tries: (TryOutcome & { answer: string; forced_tokens: number })[];
}

export interface Lines {
  file: string;
  file_lines: number;
  first_line: number;
  lines: string[];
}

export interface Room {
  room: string;
  ending: string;
  detail: string;
  configuration: string;
  layers: string[];
  posture: Record<string, string>;
  denials: { call: string; arguments: string; count: number }[];
  peak_memory_bytes: number;
  bytes_out: number;
  survivors: number;
}

export interface Proof {
  rooms: Room[];
  findings: string[];
  gaps: string[];
}

export interface Choices {
  possible: boolean;
  why_not: string;
  question: string;
  engine: string;
  model: string;
  tries: number;
  models: { name: string; about: string }[];
  variants: string[];
}

export interface Again {
  question?: string;
  engine?: "none" | "llama";
  model?: string;
  variants?: string[];
  tries?: number;
}

export interface Changed {
  what: string;
  before: string;
  after: string;
}

export interface ChangedClaim {
  kind: string;
  before: string;
  after: string;
  cited_before: string[];
  cited_after: string[];
}

export interface Diff {
  a: string;
  b: string;
  identical: boolean;
  same_report: boolean;
  inputs: Changed[];
  claims: ChangedClaim[];
  outcome: Changed[];
  speed: Changed[];
  bundles?: {
    appeared: string[];
    vanished: string[];
    states: Changed[];
    findings_appeared: string[];
    findings_vanished: string[];
    templates_appeared: string[];
    templates_vanished: string[];
    left_out: number;
  };
}

export interface CitingClaim {
  run: string;
  finished_at: string;
  claim: number;
  kind: string;
  text: string;
  id: string;
}

export interface Evaluation {
  id: string;
  tenant: string;
  at: string;
  playbook: string;
  engine: string;
  model: string;
  cases_sha256: string;
  right: number;
  of: number;
}

export interface RunEvents {
  onState: (state: { state: RunState; verdict: Verdict; passed: boolean; error: string }) => void;
  onStage: (stage: string) => void;
  onProgress: (done: number, total: number) => void;
  onLost: () => void;
}

// What the server, or the way to it, has against a request: RFC 9457.
export class Problem extends Error {
  constructor(
    readonly type: string, // "no-such-run"; "unreachable" where no answer came
    readonly detail: string,
    readonly remedy: string,
  ) {
    super(remedy === "" ? detail : `${detail}: ${remedy}`);
  }
}

type Query = Record<string, string | number | boolean | undefined>;

function address(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== false);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1${path}${search === "" ? "" : `?${search}`}`;
}

async function problem(response: Response): Promise<Problem> {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  try {
    const told = (await response.json()) as Record<string, unknown>;
    const type = text(told["type"]).replace("urn:carrel:problem:", "");
    return new Problem(type, text(told["detail"]) || text(told["title"]), text(told["remedy"]));
  } catch {
    return new Problem("unreadable", `the server answered ${response.status}`, "");
  }
}

let csrf = "";

async function send(method: string, url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Carrel-CSRF"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem("unreachable", "the server does not answer", "is `carrel review` still running?");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await (await send("GET", address(path, query), undefined, signal)).json()) as T;
}

async function post<T>(path: string, body: unknown): Promise<T> {
  return (await (await send("POST", address(path, {}), body)).json()) as T;
}

function kept(session: Session): Session {
  csrf = session.csrf;
  return session;
}

const of = (run: string, part = "") => `/runs/${encodeURIComponent(run)}${part}`;

export const api = {
  session: async () => kept(await get<Session>("/session")),
  signIn: async (name: string, password: string) => kept(await post<Session>("/session/reviewer", { name, password })),
  signOut: async () => kept((await (await send("DELETE", address("/session/reviewer", {}), undefined)).json()) as Session),

  tenants: (signal: AbortSignal) => get<{ items: Tenant[] }>("/tenants", {}, signal),
  queue: (query: Query, signal: AbortSignal) => get<Page<Waiting>>("/queue", query, signal),
  runs: (query: Query, signal: AbortSignal) => get<Page<RunHead>>("/runs", query, signal),
  search: (q: string, signal: AbortSignal) => get<Page<FoundRun>>("/search", { q }, signal),
  evaluations: (signal: AbortSignal) => get<Page<Evaluation>>("/evaluations", { limit: 200 }, signal),
  diff: (a: string, b: string, signal: AbortSignal) => get<Diff>("/diff", { a, b }, signal),
  citing: (tenant: string, file: string, line: number, signal: AbortSignal) =>
    get<Page<CitingClaim>>("/trace", { tenant, file, line, limit: 20 }, signal),

  run: (run: string, signal: AbortSignal) => get<RunRecord>(of(run), {}, signal),
  prompt: (run: string, signal: AbortSignal) => get<Prompt>(of(run, "/prompt"), {}, signal),
  tries: (run: string, signal: AbortSignal) => get<Tries>(of(run, "/tries"), {}, signal),
  evidence: (run: string, cursor: string, signal: AbortSignal) =>
    get<Page<EvidenceLine> & { total: number }>(of(run, "/evidence"), { limit: 200, cursor }, signal),
  proof: (run: string, signal: AbortSignal) => get<Proof>(of(run, "/proof"), {}, signal),
  lines: (run: string, file: string, first: number, count: number, signal: AbortSignal) =>
    get<Lines>(of(run, "/lines"), { file, first, count }, signal),
  reply: async (run: string, signal: AbortSignal) =>
    (await send("GET", address(of(run, "/reply"), {}), undefined, signal)).text(),
  exported: (run: string, as: "html" | "md" | "json" | "tar") => address(of(run, "/export"), { as }),

  review: (run: string, review: { decision: Decision; claim: number | null; reason?: string; text?: string }) =>
    post<Review>(of(run, "/reviews"), review),
  addCase: (run: string, must: string[]) =>
    post<{ case: string; folder: string }>(of(run, "/cases"), must.length > 0 ? { must } : {}),
  choices: (run: string, signal: AbortSignal) => get<Choices>(of(run, "/again"), {}, signal),
  again: (run: string, wish: Again) => post<{ run: string }>(of(run, "/again"), wish),
  stop: async (run: string) => void (await send("POST", address(of(run, "/stop"), {}), undefined)),

  // Follows a run until its last state; the returned function ends it earlier.
  follow(run: string, events: RunEvents): () => void {
    const source = new EventSource(address(of(run, "/events"), {}));
    const on = (name: string, take: (data: never) => void) =>
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as never));
    on("state", (state: Parameters<RunEvents["onState"]>[0]) => {
      if (state.state !== "running") source.close();
      events.onState(state);
    });
    on("stage", (data: { stage: string }) => events.onStage(data.stage));
    on("progress", (data: { done: number; total: number }) => events.onProgress(data.done, data.total));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) events.onLost();
    };
    return () => source.close();
  },
};
