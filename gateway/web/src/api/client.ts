import type {
  Area,
  BackupRequest,
  CloudAdded,
  CloudCertificate,
  CloudCheckView,
  CloudPassword,
  CloudView,
  MappingProposals,
  MappingView,
  NewCloud,
  ParkedCount,
  ParkedPageView,
  Problem,
  RuleChange,
  RuleCheckView,
  RuleDiffView,
  RuleFileView,
  RuleRunAnswer,
  RuleSourceView,
  RuleVersionsView,
  RuleVersionView,
  SessionView,
  SetupRequest,
  SignInRequest,
  ThingSettings,
  TopicMapping,
  TraceView,
  WhyView,
} from "@tram/protocol";

/** Why a request did not succeed. `status` 0 means that no answer came; then `code` is `network`. */
export interface ApiProblem {
  readonly status: number;
  readonly code: string;
  /** For people, in English, as the gateway wrote it. */
  readonly detail?: string;
  readonly errors: readonly { readonly path: string; readonly problem: string }[];
  /** How far a cloud came that could not be added. */
  readonly check?: CloudCheckView;
}

export type ApiResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: ApiProblem };

/** What has a past: a rule, or a whole rule file. */
export type PastSubject = { readonly rule: string } | { readonly file: string };

/** A file that the gateway made, and its name. */
export interface DownloadedFile {
  readonly name: string;
  readonly content: Blob;
}

/** The part of the HTTP API that the UI uses. No method throws for what the network or the gateway does. */
export interface ApiClient {
  session(): Promise<ApiResult<SessionView>>;
  setUp(request: SetupRequest): Promise<ApiResult<void>>;
  signIn(request: SignInRequest): Promise<ApiResult<void>>;
  signOut(): Promise<ApiResult<void>>;
  /** Resolves ok when the command was accepted; its progress comes over the live socket. */
  setProperty(thing: string, property: string, value: unknown): Promise<ApiResult<void>>;
  /** Lets machines have their way again with what a person has set. */
  release(thing: string, property: string): Promise<ApiResult<void>>;
  areas(): Promise<ApiResult<readonly Area[]>>;
  putArea(id: string, title: string): Promise<ApiResult<void>>;
  putThingSettings(thing: string, settings: ThingSettings): Promise<ApiResult<void>>;
  /** Puts the device of `by` in the place of a broken one. */
  replaceThing(thing: string, by: string): Promise<ApiResult<void>>;
  forgetThing(thing: string): Promise<ApiResult<void>>;
  /** Why a rule does not fire now. */
  why(rule: string): Promise<ApiResult<WhyView>>;
  traces(rule: string): Promise<ApiResult<readonly TraceView[]>>;
  ruleSource(rule: string): Promise<ApiResult<RuleSourceView>>;
  addRule(text: string): Promise<ApiResult<RuleSourceView>>;
  changeRule(rule: string, change: RuleChange): Promise<ApiResult<RuleSourceView>>;
  switchRule(rule: string, enabled: boolean): Promise<ApiResult<void>>;
  /** Takes a hand in what a rule does; its file stays. */
  controlRule(rule: string, what: "enable" | "disable" | "resume"): Promise<ApiResult<void>>;
  /** Runs a rule now, if its conditions hold. */
  runRule(rule: string): Promise<ApiResult<RuleRunAnswer>>;
  removeRule(rule: string): Promise<ApiResult<void>>;
  /** @param rule the id of the rule that the text would replace. */
  checkRule(text: string, rule: string | undefined): Promise<ApiResult<RuleCheckView>>;
  /** The text that says the document; comments and order stay. */
  renderRule(text: string, document: unknown): Promise<ApiResult<string>>;
  ruleFile(file: string): Promise<ApiResult<RuleFileView>>;
  changeRuleFile(file: string, change: RuleChange): Promise<ApiResult<RuleFileView>>;
  /** What a rule or a file was before, the newest first. */
  versions(subject: PastSubject): Promise<ApiResult<readonly RuleVersionView[]>>;
  /** What a version changed: a unified diff, of one rule or of the file. */
  versionDiff(version: number, rule: string | undefined): Promise<ApiResult<string>>;
  rollBack(subject: PastSubject, version: number): Promise<ApiResult<RuleSourceView | RuleFileView>>;
  mappings(): Promise<ApiResult<readonly MappingView[]>>;
  mappingProposals(): Promise<ApiResult<MappingProposals>>;
  /** @param revision of the mapping that it changes; undefined for a new one. */
  putMapping(mapping: TopicMapping, revision: string | undefined): Promise<ApiResult<MappingView>>;
  removeMapping(id: string): Promise<ApiResult<void>>;
  /** Messages that a cloud will not take, those behind `after`. */
  parked(bridge: string, after: number): Promise<ApiResult<ParkedPageView>>;
  /** Sends parked messages again, or gives them up; all of them where none is named. Answers how many. */
  dealWithParked(
    bridge: string,
    what: "resend" | "discard",
    seqs: readonly number[] | undefined,
  ): Promise<ApiResult<number>>;
  /** All clouds, with what only administrators see of them. */
  clouds(): Promise<ApiResult<readonly CloudView[]>>;
  /** Takes as long as it takes to reach the cloud and to be let in. */
  addCloud(cloud: NewCloud): Promise<ApiResult<CloudAdded>>;
  checkCloud(id: string): Promise<ApiResult<CloudCheckView>>;
  /** How far the check has come that runs now. */
  cloudProgress(id: string): Promise<ApiResult<CloudCheckView>>;
  renewCloud(id: string): Promise<ApiResult<CloudView>>;
  replaceCertificate(id: string, certificate: CloudCertificate): Promise<ApiResult<CloudView>>;
  replacePassword(id: string, password: CloudPassword): Promise<ApiResult<CloudView>>;
  /** Answers how many messages had waited for it. */
  removeCloud(id: string): Promise<ApiResult<number>>;
  backup(request: BackupRequest): Promise<ApiResult<DownloadedFile>>;
  supportBundle(): Promise<ApiResult<DownloadedFile>>;
}

export function createApiClient(send: typeof fetch): ApiClient {
  const call = <Value>(
    method: string,
    path: string,
    read: (body: unknown) => Value,
    body?: unknown,
    revision?: string,
  ) =>
    request(send, method, `/api/v1/${path}`, async (response) => read(await readJson(response)), {
      body,
      revision,
    });
  const download = (path: string, body?: unknown) =>
    request(send, "POST", `/api/v1/${path}`, readFile, { body, revision: undefined });
  const nothing = (): void => undefined;
  const source = (body: unknown) => body as RuleSourceView;
  const thingAt = (thing: string, rest = "") => `things/${encodeURIComponent(thing)}${rest}`;
  const ruleAt = (rule: string, rest = "") => `rules/${encodeURIComponent(rule)}${rest}`;
  const bridgeAt = (bridge: string) => `bridge/${encodeURIComponent(bridge)}`;
  const cloudAt = (id: string, rest = "") => `clouds/${encodeURIComponent(id)}${rest}`;
  const fileAt = (file: string) => `rule-files/${encodeURIComponent(file)}`;
  const pastOf = (subject: PastSubject) =>
    "rule" in subject
      ? ruleAt(subject.rule, "/versions")
      : `rule-versions?file=${encodeURIComponent(subject.file)}`;
  return {
    session: () => call("GET", "session", (body) => body as SessionView),
    setUp: (body) => call("POST", "setup", nothing, body),
    signIn: (body) => call("POST", "session", nothing, body),
    signOut: () => call("DELETE", "session", nothing),
    setProperty: (thing, property, value) =>
      call("PUT", thingAt(thing, `/properties/${encodePath(property)}`), nothing, { value }),
    release: (thing, property) =>
      call("DELETE", thingAt(thing, `/properties/${encodePath(property)}/hold`), nothing),
    areas: () => call("GET", "areas", (body) => (body as { areas: Area[] }).areas),
    putArea: (id, title) => call("PUT", `areas/${encodeURIComponent(id)}`, nothing, { title }),
    putThingSettings: (thing, settings) => call("PUT", thingAt(thing, "/settings"), nothing, settings),
    replaceThing: (thing, by) => call("POST", thingAt(thing, "/replacement"), nothing, { thing: by }),
    forgetThing: (thing) => call("DELETE", thingAt(thing), nothing),
    why: (rule) => call("GET", ruleAt(rule, "/why"), (body) => body as WhyView),
    traces: (rule) =>
      call("GET", ruleAt(rule, "/traces"), (body) => (body as { traces: TraceView[] }).traces),
    ruleSource: (rule) => call("GET", ruleAt(rule, "/source"), source),
    addRule: (text) => call("POST", "rules", source, { text }),
    changeRule: (rule, change) => call("PUT", ruleAt(rule, "/source"), source, change),
    switchRule: (rule, enabled) => call("PUT", ruleAt(rule, "/enabled"), nothing, { enabled }),
    controlRule: (rule, what) => call("POST", ruleAt(rule, `/${what}`), nothing),
    runRule: (rule) => call("POST", ruleAt(rule, "/run"), (body) => body as RuleRunAnswer),
    removeRule: (rule) => call("DELETE", ruleAt(rule), nothing),
    checkRule: (text, rule) =>
      call("POST", "rules/check", (body) => body as RuleCheckView, {
        text,
        ...(rule === undefined ? {} : { id: rule }),
      }),
    renderRule: (text, document) =>
      call("POST", "rules/render", (body) => (body as { text: string }).text, { text, document }),
    ruleFile: (file) => call("GET", fileAt(file), (body) => body as RuleFileView),
    changeRuleFile: (file, change) => call("PUT", fileAt(file), (body) => body as RuleFileView, change),
    versions: (subject) => call("GET", pastOf(subject), (body) => (body as RuleVersionsView).versions),
    versionDiff: (version, rule) =>
      call(
        "GET",
        `rule-versions/${version}/diff${rule === undefined ? "" : `?rule=${encodeURIComponent(rule)}`}`,
        (body) => (body as RuleDiffView).diff,
      ),
    rollBack: (subject, version) =>
      call(
        "POST",
        "rule" in subject ? ruleAt(subject.rule, "/rollback") : `${fileAt(subject.file)}/rollback`,
        (body) => body as RuleSourceView | RuleFileView,
        { version },
      ),
    mappings: () => call("GET", "mappings", (body) => (body as { mappings: MappingView[] }).mappings),
    mappingProposals: () => call("GET", "mappings/proposals", (body) => body as MappingProposals),
    putMapping: (mapping, revision) =>
      call(
        "PUT",
        `mappings/${encodeURIComponent(mapping.id)}`,
        (body) => body as MappingView,
        mapping,
        revision,
      ),
    removeMapping: (id) => call("DELETE", `mappings/${encodeURIComponent(id)}`, nothing),
    parked: (bridge, after) =>
      call("GET", `${bridgeAt(bridge)}/parked?after=${after}`, (body) => body as ParkedPageView),
    dealWithParked: (bridge, what, seqs) =>
      call(
        "POST",
        `${bridgeAt(bridge)}/parked/${what}`,
        (body) => (body as ParkedCount).count,
        seqs === undefined ? {} : { seqs },
      ),
    clouds: () => call("GET", "clouds", (body) => (body as { clouds: CloudView[] }).clouds),
    addCloud: (cloud) => call("POST", "clouds", (body) => body as CloudAdded, cloud),
    checkCloud: (id) => call("POST", cloudAt(id, "/check"), (body) => body as CloudCheckView),
    cloudProgress: (id) => call("GET", cloudAt(id, "/check"), (body) => body as CloudCheckView),
    renewCloud: (id) => call("POST", cloudAt(id, "/renew"), (body) => body as CloudView),
    replaceCertificate: (id, certificate) =>
      call("PUT", cloudAt(id, "/certificate"), (body) => body as CloudView, certificate),
    replacePassword: (id, password) =>
      call("PUT", cloudAt(id, "/password"), (body) => body as CloudView, password),
    removeCloud: (id) => call("DELETE", cloudAt(id), (body) => (body as { waited: number }).waited),
    backup: (body) => download("backup", body),
    supportBundle: () => download("support-bundle"),
  };
}

async function request<Value>(
  send: typeof fetch,
  method: string,
  url: string,
  read: (response: Response) => Promise<Value>,
  { body, revision }: { readonly body: unknown; readonly revision: string | undefined },
): Promise<ApiResult<Value>> {
  const headers: Record<string, string> = { accept: "application/json" };
  // A form or a link of another site cannot send this header, so the gateway knows that the request is ours.
  if (method !== "GET") headers["x-tram-request"] = "1";
  if (body !== undefined) headers["content-type"] = "application/json";
  if (revision !== undefined) headers["if-match"] = `"${revision}"`;
  try {
    const response = await send(url, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) return { ok: false, problem: readProblem(response.status, await readJson(response)) };
    return { ok: true, value: await read(response) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: { status: 0, code: "network", detail, errors: [] } };
  }
}

/** All of it, or it fails: a connection that is cut rejects. */
async function readFile(response: Response): Promise<DownloadedFile> {
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  return { name: name ?? "download", content: await response.blob() };
}

/** The body as JSON; `undefined` for one that is empty or something else (a proxy's error page). */
async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!/[/+]json\b/.test(response.headers.get("content-type") ?? "")) return undefined;
  return text === "" ? undefined : JSON.parse(text);
}

function readProblem(status: number, answer: unknown): ApiProblem {
  const problem = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<Problem>;
  const detail = problem.detail ?? problem.title;
  return {
    status,
    code: problem.code ?? `http-${status}`,
    ...(detail === undefined ? {} : { detail }),
    errors: problem.errors ?? [],
    ...(problem.check === undefined ? {} : { check: problem.check }),
  };
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
