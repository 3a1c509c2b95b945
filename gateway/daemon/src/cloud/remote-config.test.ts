import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@tram/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import { RemoteConfig } from "./remote-config.ts";

const TEXT = `# The pump's password is hunter2.
gateway: { id: house, name: House }
mqtt:
  port: 1883
  clients:
    - { username: pump, password: geheim-1, role: device }
modules:
  - id: radio
    use: sim
    config: { app_key: geheim-2, host: a.example, speed: 3 }
  - { id: other, use: sim, config: { speed: 3 } }
rules: { webhooks: [{ id: pager, url: "https://hooks.example/geheim-3" }] }
cloud:
  - { id: up, provider: mqtt, url: "mqtts://cloud.example:8883", username: u, password: geheim-4, manage: [config], rate_s: 5 }
`;

/** A cloud before the real file. */
function drawer(text: string | undefined = TEXT, running = TEXT) {
  const folder = mkdtempSync(join(tmpdir(), "remote-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "tram.yaml");
  if (text !== undefined) writeFileSync(file, text, { mode: 0o640 });
  const audited: AuditEntry[] = [];
  const logged: object[] = [];
  const wrote: number[] = [];
  const config = new RemoteConfig({
    file,
    text: running,
    audit: (entry) => audited.push(entry),
    log: { warn: (fields) => void logged.push(fields) },
    meter: { wrote: (bytes) => void wrote.push(bytes) },
  });
  const shown = () => {
    const answer = config.get();
    if (answer.outcome !== "done") throw new Error("it was not shown");
    return answer.value as JsonObject & { readonly text: string; readonly revision: string };
  };
  const put = (given: string, more: { revision?: string; devices?: boolean } = {}) =>
    config.put(given, { by: "cloud:up", devices: false, ...more });
  /** What was shown, with something else in it. */
  const change = (from: string | RegExp, to: string, more: Parameters<typeof put>[1] = {}) => {
    const given = shown().text;
    const changed = given.replace(from, to);
    if (changed === given) throw new Error(`${from} is not in it`);
    return put(changed, more);
  };
  const read = () => readFileSync(file, "utf8");
  return { folder, file, config, shown, put, change, read, audited, logged, wrote };
}

describe("what a cloud is shown", () => {
  test("is the file without its secrets and its comments", () => {
    const { shown } = drawer();
    const { text, ...rest } = shown();
    expect(text).not.toMatch(/geheim|hunter2/);
    expect(text).toMatch(/name: House/);
    expect(text.match(/\(hidden\)/g)).toHaveLength(4);
    expect(rest).toEqual({ revision: expect.stringMatching(/^[\w-]{22}$/), inForce: true });
  });

  test("is the file as it is now; where that is not sound, what runs", () => {
    expect(drawer("gateway: { id: house, name: Changed }").shown()).toMatchObject({
      text: expect.stringContaining("Changed"),
      inForce: false,
    });
    for (const broken of ["oops: 1", "- [", undefined]) {
      expect(drawer(broken).shown()).toMatchObject({ text: expect.stringContaining("House"), inForce: true });
    }
  });

  test("has a revision that tells nobody what is in it", () => {
    expect(drawer().shown().revision).not.toBe(drawer().shown().revision);
  });
});

describe("a put", () => {
  test("of what was shown with another line is the file from then on, with every secret where it was", async () => {
    const { change, read, audited, file, shown, wrote } = drawer();
    const answer = await change("name: House", "name: Greenhouse # new");
    expect(answer).toEqual({
      outcome: "done",
      value: {
        revision: shown().revision,
        changed: ["gateway.name"],
        takesEffect: "at the next start",
        before: `${file}.before`,
      },
    });
    const now = read();
    expect(now).toContain("name: Greenhouse # new");
    for (const secret of ["geheim-1", "geheim-2", "geheim-3", "geheim-4"]) expect(now).toContain(secret);
    expect(now).not.toContain("(hidden)");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readFileSync(`${file}.before`, "utf8")).toBe(TEXT);
    expect(statSync(`${file}.before`).mode & 0o777).toBe(0o600);
    expect(audited).toEqual([
      { action: "config-changed", subject: file, by: "cloud:up", detail: "gateway.name" },
    ]);
    expect(wrote).toEqual([4_096, 4_096]);
    expect(shown()).toMatchObject({ inForce: false });
  });

  test("keeps one generation, whatever was there in its place", async () => {
    const { change, file, folder, read } = drawer();
    symlinkSync("/dev/null", join(folder, ".tram.yaml.before.new"));
    writeFileSync(join(folder, ".tram.yaml.new"), "leftover", { mode: 0o666 });
    await change("name: House", "name: One");
    const one = read();
    await change("name: One", "name: Two");
    expect(readFileSync(`${file}.before`, "utf8")).toBe(one);
    expect(statSync(`${file}.before`).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual(["tram.yaml", "tram.yaml.before"]);
  });

  test("that changes nothing writes nothing, and leaves the owner's comments", async () => {
    const { put, shown, read, audited, file } = drawer();
    const { text, revision } = shown();
    expect(await put(text)).toEqual({ outcome: "done", value: { revision, changed: [] } });
    expect([read(), audited, existsSync(`${file}.before`)]).toEqual([TEXT, [], false]);
  });

  test("that is asked for again, because its answer was lost, is done", async () => {
    const { change, put, shown } = drawer();
    const { revision } = shown();
    const text = shown().text.replace("House", "Barn");
    await change("House", "Barn", { revision });
    expect(await put(text, { revision })).toMatchObject({ outcome: "done", value: { changed: [] } });
  });

  test("of somebody who saw another file is refused", async () => {
    const { change, file, read, shown } = drawer();
    const { revision } = shown();
    writeFileSync(file, TEXT.replace("geheim-1", "geheim-5"));
    expect(await change("name: House", "name: Barn", { revision })).toMatchObject({ code: "busy" });
    expect(read()).toContain("geheim-5");
    expect(await change("name: House", "name: Barn", { revision: shown().revision })).toMatchObject({
      outcome: "done",
    });
    expect(read()).toContain("geheim-5");
  });

  test("of two at once the second is compared with what the first has written", async () => {
    const { change, shown } = drawer();
    const { revision } = shown();
    const answers = await Promise.all([
      change("name: House", "name: One", { revision }),
      change("name: House", "name: Two", { revision }),
    ]);
    expect(answers).toMatchObject([{ outcome: "done" }, { code: "busy" }]);
  });

  test("mends a file that is not sound, and keeps the secrets of what runs", async () => {
    const { change, file, read } = drawer("gateway: { id: house\n");
    expect(await change("name: House", "name: Barn")).toMatchObject({ outcome: "done" });
    expect(read()).toMatch(/Barn[\s\S]*geheim-4/);
    expect(readFileSync(`${file}.before`, "utf8")).toBe("gateway: { id: house\n");
    const same = drawer("oops: 1");
    expect(await same.put(same.shown().text)).toMatchObject({ outcome: "done" });
    expect(same.read()).toContain("geheim-4");
  });

  test("of a file that is made of UCI is refused, with that reason", async () => {
    const head =
      "# Made of /etc/config/tram and /etc/tram/tram.yaml by `tram config render`: what is changed here is lost.\n";
    const { change, read, shown } = drawer(head + TEXT);
    expect(shown()).toMatchObject({ readOnly: expect.stringContaining("UCI") });
    expect(await change("name: House", "name: Barn")).toMatchObject({
      code: "not-available",
      reason: expect.stringContaining("uci or LuCI"),
    });
    expect(read()).toBe(head + TEXT);
  });

  test("where it cannot be written changes nothing, and says why", async () => {
    const { change, file, folder, read, audited, logged } = drawer();
    rmSync(folder, { recursive: true });
    expect(await change("name: House", "name: Barn")).toMatchObject({ code: "not-stored" });
    expect([audited, logged]).toEqual([[], [{ file, code: "ENOENT" }]]);
    if (process.getuid?.() === 0) return; // Root may write anywhere.
    const other = drawer();
    chmodSync(other.folder, 0o500);
    expect(await other.change("name: House", "name: Barn")).toMatchObject({
      code: "not-stored",
      reason: expect.stringContaining("may not write into its folder"),
    });
    expect(read()).toBe(TEXT);
  });
});

describe("a cloud may not", () => {
  test.each<[string, string | RegExp, string, string]>([
    ["be another gateway", "id: house", "id: mansion", "gateway.id"],
    ["lift its rights to manage", /manage:\s+- config/, "manage: [config, rules]", "cloud[0].manage"],
    ["let itself give commands", "rate_s: 5", "commands: all", "cloud[0].commands"],
    ["let commands be old", "rate_s: 5", "rate_s: 5\n    command_ttl_s: 86400", "cloud[0].command_ttl_s"],
    ["see more of the house", "rate_s: 5", 'rate_s: 5\n    things: ["*"]', "cloud[0].things"],
    ["spend more", "rate_s: 5", "rate_s: 5\n    monthly_mb: 1000000", "cloud[0].monthly_mb"],
    ["go round what it may spend", "rate_s: 5", 'rate_s: 5\n    alarms: ["*"]', "cloud[0].alarms"],
    ["take the password elsewhere", "cloud.example:8883", "evil.example:8883", "cloud[0].url"],
    ["fill the disk", "rate_s: 5", "rate_s: 5\n    queue_mb: 100000", "cloud[0].queue_mb"],
    ["fill the flash", "modules:", "history: { size_mb: 65536 }\nmodules:", "history.size_mb"],
    ["take all memory", "modules:", "events: { memory_mb: 1024 }\nmodules:", "events.memory_mb"],
    ["wear out the flash", "modules:", "flash: { cap_mb: 1000000 }\nmodules:", "flash.cap_mb"],
    ["read files", "rate_s: 5", "rate_s: 5\n    ca_file: /etc/shadow", "cloud[0].ca_file"],
    [
      "add a cloud",
      /$/,
      "  - { id: evil, provider: mqtt, url: 'mqtt://evil.example', commands: all }\n",
      "cloud",
    ],
    ["send itself away", /cloud:[\s\S]*/, "", "cloud"],
    ["let people in", "port: 1883", "port: 1883\n  anonymous: true", "mqtt.anonymous"],
    ["lock people out", "port: 1883", "port: 1", "mqtt.port"],
    ["take an account", "role: device", "role: service", "mqtt.clients[0].role"],
    ["set a password", "password: (hidden)", "password: known", "mqtt.clients[0].password"],
    ["listen elsewhere", "rules:", "http: { port: 1 }\nrules:", "http.port"],
    ["move the data", "rules:", "data: /tmp/elsewhere\nrules:", "data"],
    ["believe a wrong clock", "id: house", "id: house\n  clock: trusted", "gateway.clock"],
    ["run code", "use: sim", "use: /tmp/evil.js", "modules[0].use"],
    ["call others", "rules:", "rules:\n  http_hosts: [192.168.1.1]", "rules.http_hosts"],
    ["hear notifications", "url: (hidden)", "url: https://evil.example/", "rules.webhooks[0].url"],
    ["make another Thing of a pump", "speed: 3\n  - id", "speed: 4\n  - id", "modules[0].config.speed"],
    ["do both of two things", "id: house", "id: x\n  name2: y", "gateway.id; gateway.name2"],
  ])("%s", async (_what, from, to, paths) => {
    const { change, read, audited, file } = drawer();
    const answer = await change(from, to);
    expect(answer).toEqual({
      outcome: "refused",
      code: "forbidden",
      reason: `${paths}: changed on the gateway alone`,
    });
    expect([read(), audited, existsSync(`${file}.before`)]).toEqual([TEXT, [], false]);
  });

  test("tell modules anything unless it may set every Thing; and then nothing beside a secret", async () => {
    const last = /speed: 3\n(?=rules)/;
    expect(await drawer().change(last, "speed: 9\n")).toMatchObject({ code: "forbidden" });
    const { change, read } = drawer();
    expect(await change(last, "speed: 9\n", { devices: true })).toMatchObject({
      value: { changed: ["modules[1].config.speed"] },
    });
    // A module may take its key to whatever host it is told.
    expect(await change("a.example", "evil.example", { devices: true })).toMatchObject({
      code: "forbidden",
      reason: expect.stringContaining("modules[0].config.host"),
    });
    expect(read()).toContain("a.example");
    const anew = { devices: true } as const;
    expect(
      await change(/app_key: .*\n\s+host: a\.example/, "app_key: k\n      host: b.example", anew),
    ).toMatchObject({
      value: { changed: ["modules[0].config.app_key", "modules[0].config.host"] },
    });
  });
});

describe("a text that is not sound is refused with all that is wrong, and nothing is written", () => {
  test.each<[string, string, RegExp, string | undefined]>([
    ["no YAML", "gateway: [", /^tram\.yaml:\d+:\d+: expected YAML/, "it cannot be read"],
    ["another kind of file", "[1, 2]", /expected an object/, "it cannot be read"],
    ["nothing", "", /gateway\.id.*changed on the gateway alone/, undefined],
    ["an alias bomb", bomb(), /expected YAML, found: Alias resolution is disabled/, "it cannot be read"],
    ["too many levels", `log: ${"[".repeat(60)}${"]".repeat(60)}`, /at most 32 levels/, "it cannot be read"],
    ["endless levels", `log: ${"[".repeat(60_000)}`, /too many levels|expected YAML/, "it cannot be read"],
    [
      "endless keys",
      Array.from({ length: 6_000 }, (_, key) => `k${key}: 1`).join("\n"),
      /too many keys/,
      "it cannot be read",
    ],
    ["what is no JSON", "history: { size_mb: .inf }", /at most 32 levels/, "it cannot be read"],
    ["a circle", "log: &a [*a]", /tram\.yaml/, "it cannot be read"],
    ["a prototype", `${TEXT}__proto__: { admin: true }\n`, /^__proto__\.admin: changed/, undefined],
    [
      "a constructor",
      `${TEXT}constructor: { prototype: 1 }\n`,
      /^constructor\.prototype: changed/,
      undefined,
    ],
  ])("%s", async (_what, text, reason, detail) => {
    const { put, read, audited } = drawer();
    const answer = await put(text);
    expect(answer).toMatchObject({ outcome: "refused", reason: expect.stringMatching(reason) });
    expect((answer as { detail?: string }).detail).toBe(detail);
    expect([read(), audited]).toEqual([TEXT, []]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  test("with paths and causes for the cloud, and with paths alone for the log", async () => {
    const { change, read } = drawer();
    expect(
      await change("name: House", "name: House\nlog: { level: loud }\nevents: { keep_hours: 0 }"),
    ).toEqual({
      outcome: "refused",
      code: "invalid-value",
      reason:
        'events.keep_hours: expected >= 1, found 0; log.level: expected one of debug, info, warn, error, found "loud"',
      detail: "events.keep_hours; log.level",
    });
    expect(read()).toBe(TEXT);
  });

  test("a placeholder where there was no secret", async () => {
    const { change } = drawer();
    expect(await change("name: House", "name: (hidden)")).toEqual({
      outcome: "refused",
      code: "invalid-value",
      reason: "gateway.name: (hidden) stands for a secret, and there is none",
      detail: "gateway.name",
    });
    expect(await change("username: pump", "username: other")).toMatchObject({
      reason: expect.stringContaining("mqtt.clients[0].password: (hidden) stands for"),
    });
  });

  test("a secret is in no answer, whatever is put", async () => {
    const { config, put } = drawer();
    const texts = [
      TEXT.replace("hooks", "h"),
      TEXT.replace("role: device", "role: king"),
      "x: *geheim-1",
      TEXT,
    ];
    for (const text of texts) expect(JSON.stringify(await put(text))).not.toMatch(/geheim|hunter2/);
    expect(JSON.stringify(config.get())).not.toMatch(/geheim|hunter2/);
  });
});

function bomb(): string {
  const lines = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
    lines.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`);
  }
  return lines.join("\n");
}
