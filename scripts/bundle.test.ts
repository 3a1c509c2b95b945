import { spawn, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Bundle, bundleDaemon } from "./bundle.ts";

/** Bundles are made and programs started: on a busy machine that takes its time. In milliseconds. */
vi.setConfig({ testTimeout: 60_000 });

// Away from the repository: no `node_modules` in any folder above, as on a router.
const place = mkdtempSync(join(tmpdir(), "tram-bundle-"));
const folder = join(place, "lib");
const program = join(folder, "tram.js");
let bundle: Bundle;

beforeAll(async () => {
  bundle = await bundleDaemon({ folder, maps: join(place, "maps") });
}, 60_000);
afterAll(() => rmSync(place, { recursive: true, force: true }));

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? "", ...more };
}

/** The first certificate of a text. */
function pemOf(text: string): string {
  return (
    /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/s.exec(text.replaceAll("\\n", "\n"))?.[0] ?? ""
  );
}

test("one file for the daemon and the command line, one for each isolate, source maps apart", () => {
  expect(readdirSync(folder).sort()).toEqual([
    "module-child.js",
    "node-red-runner.js",
    "package.json",
    "snapshot-worker.js",
    "tram.js",
  ]);
  expect(readdirSync(join(place, "maps")).sort()).toEqual([
    "module-child.js.map",
    "node-red-runner.js.map",
    "snapshot-worker.js.map",
    "tram.js.map",
  ]);
  // The core daemon keeps its 2 MB; the dialects of clouds are counted apart (docs/adr/0010-one-file.md).
  expect(bundle.totalBytes - (bundle.packages.get("cloud-bridge") ?? 0)).toBeLessThanOrEqual(2_000_000);
  expect(bundle.totalBytes).toBeLessThanOrEqual(2_200_000);
  expect(bundle.inputs.filter((input) => input.includes("better-sqlite3"))).toEqual([
    "gateway/daemon/src/store/better-sqlite3-driver.ts",
  ]);
});

test("the same sources make the same bytes, wherever they are written", async () => {
  const again = join(place, "again/deeper/lib");
  await bundleDaemon({ folder: again, maps: join(place, "again/maps") });
  for (const name of readdirSync(folder)) {
    expect(readFileSync(join(again, name)).equals(readFileSync(join(folder, name))), name).toBe(true);
  }
});

test("nothing of Node that the start of every command does not need is loaded", () => {
  const probe = join(place, "probe.cjs");
  writeFileSync(probe, "process.on('exit', () => console.log(process.moduleLoadList.join()));");
  const { stdout } = spawnSync(process.execPath, ["--require", probe, program, "--version"], {
    encoding: "utf8",
    env: environment(),
  });
  expect(stdout).toContain("0.1.0");
  expect(stdout).not.toMatch(/NativeModule (?:http|https|tls|sqlite|child_process)\b/);
});

test("an old Node gets a sentence", () => {
  const old = join(place, "old.cjs");
  // What a Node 18 lacks, and how it names itself.
  writeFileSync(
    old,
    "Object.defineProperty(process.versions, 'node', { value: '18.20.0' }); delete process.getBuiltinModule;",
  );
  const { status, stderr } = spawnSync(process.execPath, ["--require", old, program, "run"], {
    encoding: "utf8",
    env: environment(),
  });
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: "tram: expected Node 22.23 or newer, found 18.20.0\n",
  });
});

describe("commands that need no gateway", () => {
  const house = join(place, "offline");
  beforeAll(() => {
    mkdirSync(join(house, "rules"), { recursive: true });
    writeFileSync(join(house, "tram.yaml"), "gateway: { id: offline }\nmqtt: { port: 1884 } # not 1883\n");
    writeFileSync(
      join(house, "rules/well.yaml"),
      `- id: dry
  triggers: [{ numeric: { property: well/level/percent, below: 5 }, for: 1m }]
  conditions: [{ expression: "value('well/level/percent') < 5.0" }]
  actions: [{ set: pump/relay/on, value: false }, { notify: "only \${value('well/level/percent')} %" }]
- id: morning
  triggers: [{ time: "07:30" }]
  actions: [{ set: pump/relay/on, value: true }]
`,
    );
    writeFileSync(
      join(house, "rules/well.test.yaml"),
      `things:
  pump: { properties: { relay/on: boolean } }
  well: { properties: { level/percent: { type: number, minimum: 0, maximum: 100 } } }
tests:
  - test: the pump ends
    when: [{ at: 10s, report: { well/level/percent: 4 } }]
    then: [{ command: { pump/relay/on: false }, at: 1m10s }]
  - test: the pump begins
    then: [{ command: { pump/relay/on: true } }]
`,
    );
  });
  const command = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: "utf8",
      cwd: house,
      env: environment({ TRAM_DATA: join(house, "data") }),
    });
    return { status, stdout, stderr };
  };

  test("rules are checked, tried and foretold", () => {
    expect(command("rules", "check", "rules")).toMatchObject({ status: 0, stderr: "" });
    const { status, stdout, stderr } = command("rules", "test", "rules", "--json");
    expect([status, stderr], stdout).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ passed: 1, failed: 1, skipped: 0, broken: 0 });
    const days = command("rules", "simulate", "rules", "--days", "2", "--timezone", "UTC");
    expect(days).toMatchObject({ status: 0, stdout: expect.stringContaining("07:30") });
  });

  test("a configuration is checked, printed with its comments, and said in UCI", () => {
    expect(command("config", "check", "tram.yaml")).toMatchObject({ status: 0, stderr: "" });
    expect(command("config", "print", "tram.yaml").stdout).toContain("1884");
    expect(command("config", "uci", "tram.yaml").stdout).toContain("option port '1884'");
    // It is YAML 1.2, whatever it says of itself: `no` is a name.
    writeFileSync(join(house, "old.yaml"), "%YAML 1.1\n---\ngateway: { id: offline, name: no }\n");
    expect(command("config", "check", "old.yaml")).toMatchObject({ status: 0, stderr: "" });
    writeFileSync(join(house, "broken.yaml"), "gateway: { id: offline }\nmqtt: { port: many }\n");
    const broken = command("config", "check", "broken.yaml");
    expect(broken.status).toBe(2);
    expect(broken.stdout + broken.stderr).toContain("broken.yaml: mqtt.port: expected an integer");
  });

  test("shells get their completion", () => {
    expect(command("completion", "bash")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("simulate"),
    });
  });
});

test("runs away from the repository: store, a module in a process of its own, a chosen heap", async () => {
  const house = join(place, "house");
  mkdirSync(join(house, "rules"), { recursive: true });
  writeFileSync(
    join(house, "tram.yaml"),
    `gateway: { id: house }
mqtt: { host: 127.0.0.1, port: 0 }
http: { host: 127.0.0.1, port: 0 }
modules: [{ id: greenhouse, use: sim, isolation: child-process }]
`,
  );
  const gateway = spawn(process.execPath, [program, "run", "--config", join(house, "tram.yaml"), "--json"], {
    env: environment({ TRAM_HEAP_MB: "96" }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    for await (const line of createInterface(gateway.stdout)) {
      expect(JSON.parse(line)).toHaveProperty("web");
      break;
    }
    const arguments_ = readFileSync(`/proc/${gateway.pid}/cmdline`, "utf8").split("\0");
    expect(arguments_).toContain("--max-old-space-size=96");
    const children = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8");
    expect(children.trim()).toMatch(/^\d+$/);
    const ask = (...args: readonly string[]): string => {
      const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        encoding: "utf8",
        env: environment({ TRAM_DATA: join(house, "data") }),
      });
      expect(stderr, args.join(" ")).toBe("");
      return stdout;
    };
    expect(JSON.parse(ask("things", "--json"))).toHaveProperty("things");
    expect(JSON.parse(ask("rules", "list", "--json"))).toHaveProperty("rules");
    ask("ca", "init");
    const issued = ask("ca", "issue", "pump", "--json");
    const authority = ask("ca", "export");
    const certificate = new X509Certificate(pemOf(issued));
    expect(certificate.subject).toBe("CN=pump");
    expect(certificate.verify(new X509Certificate(pemOf(authority)).publicKey)).toBe(true);
  } finally {
    const ended = new Promise((resolve) => gateway.once("exit", resolve));
    gateway.kill();
    await ended;
  }
});
