import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bus, Registry, Transactions } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, onTestFinished, test } from "vitest";
import type { AuditEntry } from "../audit/audit-log.ts";
import { RuleEditor } from "../rules/rule-editor.ts";
import { RuleVersions } from "../rules/rule-versions.ts";
import type { CloudRights } from "./cloud-desk.ts";
import { CloudManager } from "./cloud-manager.ts";
import type { RemoteConfig } from "./remote-config.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const rule = (id: string): string =>
  `- id: ${id}\n  triggers: [{ time: "07:00" }]\n  actions: [{ notify: hello }]\n`;

/** A cloud that may manage, before the real editor and a real folder. */
async function house() {
  const folder = mkdtempSync(join(tmpdir(), "cloud-manager-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  const transactions = new Transactions(store, silent, () => undefined);
  const versions = new RuleVersions({ clock, log: silent, store, transactions });
  await versions.restore();
  const registry = new Registry({ clock, bus: new Bus(() => undefined) });
  const audited: AuditEntry[] = [];
  let reloads = 0;
  const editor = new RuleEditor({
    folder,
    registry,
    versions,
    log: silent,
    audit: (entry) => audited.push(entry),
    rules: {
      list: () => [{ id: "taken", file: "other.yaml", editable: true }] as never,
      reload: async () => void reloads++,
    },
  });
  const manager = new CloudManager({
    editor,
    ruleFiles: () => ["a.yaml"],
    configuration: undefined,
  });
  const manage = (request: Partial<Parameters<CloudManager["manage"]>[0]>) =>
    manager.manage(
      { kind: "manage", id: "m", what: "rules", operation: "get", ...request },
      { by: "cloud:up", rights: { manage: ["rules", "config"] } },
    );
  return { folder, manage, audited, store, reloads: () => reloads };
}

test("a rule file is written whole, versioned with the cloud as its author, and audited", async () => {
  const { folder, manage, audited, store, reloads } = await house();
  const answer = await manage({ operation: "put", name: "a.yaml", text: rule("wake") });
  expect(answer).toMatchObject({ outcome: "done", value: { file: "a.yaml", revision: expect.any(String) } });
  expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(rule("wake"));
  expect(audited).toMatchObject([{ action: "rule-edited", subject: "a.yaml", by: "cloud:up" }]);
  expect((await store.entries("rule-intents")).get("a.yaml")).toMatchObject({ by: "cloud:up" });
  expect(reloads()).toBe(1);
  expect(await manage({ name: "a.yaml" })).toMatchObject({ outcome: "done", value: { text: rule("wake") } });
  expect(await manage({})).toEqual({ outcome: "done", value: { files: ["a.yaml"] } });
});

test.each([
  ["no YAML", "- [", "invalid-value"],
  ["a rule that cannot run", "- id: x\n  triggers: [{ at: never }]\n  actions: []\n", "invalid-value"],
  ["a rule that is in another file", rule("taken"), "invalid-value"],
])("%s is not written", async (_name, text, code) => {
  const { folder, manage, audited } = await house();
  writeFileSync(join(folder, "a.yaml"), rule("old"));
  expect(await manage({ operation: "put", name: "a.yaml", text })).toMatchObject({
    outcome: "refused",
    code,
  });
  expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(rule("old"));
  expect(audited).toEqual([]);
});

test.each(["../a.yaml", "/etc/passwd", ".a.yaml", "a.txt", ""])("%j is no rule file", async (name) => {
  const { manage } = await house();
  expect(await manage({ operation: "put", name, text: "[]" })).toMatchObject({ code: "malformed" });
});

test("a rule file that somebody changed meanwhile is not overwritten", async () => {
  const { folder, manage } = await house();
  writeFileSync(join(folder, "a.yaml"), rule("old"));
  const seen = await manage({ name: "a.yaml" });
  const revision = seen.outcome === "done" ? (seen.value as { revision: string }).revision : "";
  writeFileSync(join(folder, "a.yaml"), rule("other"));
  const put = { operation: "put", name: "a.yaml", text: rule("new") } as const;
  expect(await manage({ ...put, revision })).toMatchObject({ outcome: "refused", code: "busy" });
  expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(rule("other"));
  expect(await manage(put)).toMatchObject({ outcome: "done" });
});

test.each<[string, CloudRights, boolean]>([
  ["may do nothing else", { manage: ["config"] }, false],
  ["may set some Things", { manage: ["config"], commands: ["pump"] }, false],
  ["may set all Things", { manage: ["config"], commands: "all" }, true],
  ["may write rules, which set what they like", { manage: ["rules", "config"] }, true],
])("a cloud that %s puts a configuration with its own rights", async (_name, rights, devices) => {
  const asked: unknown[] = [];
  const configuration = {
    get: () => ({ outcome: "done", value: { text: "" } }),
    put: async (...request: unknown[]) => {
      asked.push(request);
      return { outcome: "done", value: null };
    },
  } as unknown as RemoteConfig;
  const manager = new CloudManager({ editor: {} as never, ruleFiles: () => [], configuration });
  const request = { kind: "manage", id: "m", what: "config" } as const;
  const asker = { by: "cloud:up", rights };
  await manager.manage({ ...request, operation: "put", text: "a: 1", revision: "r" }, asker);
  expect(asked).toEqual([["a: 1", { by: "cloud:up", devices, revision: "r" }]]);
  expect(await manager.manage({ ...request, operation: "get" }, asker)).toMatchObject({ outcome: "done" });
  expect(await manager.manage({ ...request, operation: "remove" }, asker)).toMatchObject({
    code: "not-available",
  });
});

test("a gateway without a configuration file has none to show", async () => {
  const { manage } = await house();
  expect(await manage({ what: "config" })).toMatchObject({ code: "not-available" });
});
