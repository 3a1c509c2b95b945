import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModuleHealth, ModuleHost, Session } from "@tram/module-sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SystemClock } from "../clock/system-clock.ts";
import { fakeNodeRed } from "./fixtures/fake-node-red.ts";
import { findNodeRed } from "./install.ts";
import { createNodeRed } from "./node-red-module.ts";
import { nodeRedHeapMb } from "./node-red-process.ts";
import { ensureSecret } from "./secret.ts";

let folder: string;
let clock: SystemClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tram-nr-"));
  clock = new SystemClock(() => "synced");
});
afterEach(() => {
  clock[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

interface Said {
  readonly started?: Readonly<Record<string, unknown>>;
  readonly environment?: readonly string[];
  readonly pid?: number;
  readonly stopped?: true;
}
const said = (): Said[] =>
  readFileSync(join(folder, "node-red/said"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Said);

function room(version?: string) {
  const install = findNodeRed(fakeNodeRed(join(folder, "package"), version));
  if (install === undefined) throw new Error("not found");
  const health: ModuleHealth[] = [];
  const lines: [string, Readonly<Record<string, unknown>>][] = [];
  const heard = Promise.withResolvers<void>();
  const log = (level: string) => (fields: Readonly<Record<string, unknown>>) => {
    lines.push([level, fields]);
    heard.resolve();
  };
  const changed: (() => void)[] = [];
  const host = {
    clock,
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    health: (state: ModuleHealth) => {
      health.push(state);
      for (const tell of changed.splice(0)) tell();
    },
  } as unknown as ModuleHost<unknown>;
  const module = createNodeRed({
    install,
    data: folder,
    socket: join(folder, "node-red.sock"),
    palette: false,
    title: "Farm",
  });
  const life = new AbortController();
  const open = async (): Promise<Session> => {
    await module.load(life.signal);
    return module.open(host, life.signal);
  };
  const todo = (what: string): void => {
    mkdirSync(join(folder, "node-red"), { recursive: true });
    writeFileSync(join(folder, "node-red/do"), what);
  };
  const nextHealth = (): Promise<void> => new Promise((resolve) => void changed.push(resolve));
  return { module, open, todo, health, lines, heard: heard.promise, nextHealth, life };
}

describe("Node-RED's process", () => {
  test("opens with settings that serve, send and install nothing, and stops in order", async () => {
    process.env.TRAM_TEST_SECRET = "x";
    const { open } = room();
    const session = await open();
    delete process.env.TRAM_TEST_SECRET;
    expect(statSync(join(folder, "node-red.sock")).mode & 0o777).toBe(0o600);
    const [{ started, environment = [], pid = 0 } = {}] = said();
    expect(started).toMatchObject({
      httpAdminRoot: "/node-red/",
      httpNodeRoot: false,
      safeMode: false,
      credentialSecret: readFileSync(join(folder, "node-red.secret"), "utf8").trim(),
      telemetry: { enabled: false, updateNotification: false },
      externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
    });
    // Flows can read the environment; nothing of the gateway's is in it.
    expect(environment.filter((name) => name.startsWith("TRAM_"))).toEqual(["TRAM_MODULE_OF"]);
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim()).toBe("500");
    await session[Symbol.asyncDispose]();
    expect(said().at(-1)).toEqual({ stopped: true });
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await expect(session.closed).rejects.toThrow("exit code 0");
  });

  test("tells why it did not start, or why it ended", async () => {
    const { open, todo } = room();
    todo("refuse");
    await expect(open()).rejects.toThrow("the flow file is broken");
    todo("crash");
    const session = await open();
    await expect(session.closed).rejects.toThrow(
      /^Node-RED ended with exit code 1: TypeError: a flow threw$/,
    );
  });

  test("an abort while it opens ends it", async () => {
    const { open, life } = room();
    const opening = open();
    life.abort();
    await expect(opening).rejects.toThrow("SIGKILL");
  });

  test("after three quick ends it starts without its flows, until somebody deploys", async () => {
    const { open, todo, health, nextHealth } = room();
    todo("crash");
    for (let round = 0; round < 3; round++) {
      const session = await open();
      await expect(session.closed).rejects.toThrow("a flow threw");
      expect(said().at(-1)?.started).toMatchObject({ safeMode: false });
    }
    todo("flows");
    const deployed = nextHealth().then(nextHealth);
    const session = await open();
    expect(said().at(-1)?.started).toMatchObject({ safeMode: true });
    expect(health[0]).toMatchObject({ state: "degraded", reason: expect.stringContaining("ended 3 times") });
    await deployed;
    expect(health[1]).toEqual({ state: "up" });
    await session[Symbol.asyncDispose]();
  });

  test("its log is passed on, and a flood of it is not", async () => {
    const { open, todo, lines, heard } = room();
    todo("warn");
    const session = await open();
    await heard;
    await session[Symbol.asyncDispose]();
    expect(lines[0]).toEqual(["warn", { text: "line 0", node: "function:f" }]);
    expect(lines.length).toBeLessThan(60);
  });
});

describe("what is installed", () => {
  test("is found by its package, and a broken or unknown one is told, not hidden", async () => {
    expect(findNodeRed(join(folder, "nowhere"))).toBeUndefined();
    expect(findNodeRed(fakeNodeRed(join(folder, "a")))).toEqual({ dir: join(folder, "a"), version: "5.0.7" });
    expect(findNodeRed(fakeNodeRed(join(folder, "b"), "3.1.0"))?.problem).toMatch(
      /expected Node-RED 4 or 5, found 3\.1\.0$/,
    );
    writeFileSync(join(folder, "b/node_modules/node-red/package.json"), "{");
    expect(findNodeRed(join(folder, "b"))?.problem).toMatch(/package\.json: expected JSON with a version$/);
    const { module } = room("6.0.0");
    await expect(module.load(new AbortController().signal)).rejects.toThrow("found 6.0.0");
  });

  test("its key is made once, and is never an empty one", () => {
    const path = join(folder, "secret");
    writeFileSync(path, "");
    ensureSecret(path);
    const made = readFileSync(path, "utf8");
    expect(made).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    ensureSecret(path);
    expect(readFileSync(path, "utf8")).toBe(made);
  });

  test("its heap is a quarter of the memory, within bounds", () => {
    expect([256, 1_024, 8_192].map((mb) => nodeRedHeapMb(mb * 1_048_576))).toEqual([128, 256, 512]);
  });
});
