import { Transactions } from "@tram/core";
import { compile, lastGoodOf, type Program, type RuleSource } from "@tram/rules";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffOfVersion, textOfVersion } from "./rule-past.ts";
import { RuleVersions } from "./rule-versions.ts";
import { MOST_BYTES, MOST_OF_A_FILE } from "./version-shelf.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const HOUSE = { house: { thing: () => undefined }, timezone: "UTC" } as const;
const rule = (id: string, text: string): string =>
  `- id: ${id}\n  triggers: [{ time: "07:00" }]\n  actions: [{ notify: "${text}" }]\n`;

async function room(store = new MemoryStore(), clock = new VirtualClock()) {
  const transactions = new Transactions(store, silent, () => undefined);
  const versions = new RuleVersions({ clock, log: silent, store, transactions });
  await versions.restore();
  let again = 0;
  let program: Program | undefined;
  return {
    store,
    clock,
    versions,
    again: () => again,
    /** What the folder holds is looked at. */
    look: (files: Readonly<Record<string, string | undefined>>) => {
      const sources: RuleSource[] = Object.entries(files).map(([file, text]) =>
        text === undefined ? { file, text: "", unreadable: "EIO" } : { file, text },
      );
      const lastGood = program === undefined ? versions.lastGood(sources) : lastGoodOf(program);
      const now = compile(sources, { ...HOUSE, lastGood });
      program = now;
      return transactions.transact((unit) => versions.note(unit, sources, now, () => again++));
    },
    numbers: () => versions.list({ limit: 1_000 }).map(({ version }) => version),
  };
}

describe("versions", () => {
  test("are told after a restart as before it, and nothing is noted twice", async () => {
    const first = await room();
    await first.look({ "a.yaml": rule("x", "1") });
    await first.versions.announce("a.yaml", rule("x", "2"), { by: "minh" });
    await first.look({ "a.yaml": rule("x", "2"), "b.yaml": "- [" });
    await first.look({ "a.yaml": rule("x", "2"), "b.yaml": "- [" });
    const told = first.versions.list({ limit: 10 });
    expect(told).toMatchObject([
      {
        version: 3,
        file: "b.yaml",
        by: "file",
        changes: {},
        broken: expect.stringContaining("line 1"),
        current: true,
      },
      { version: 2, file: "a.yaml", by: "minh", changes: { changed: ["x"] }, current: true },
      { version: 1, changes: { added: ["x"] } },
    ]);
    const again = await room(first.store);
    await again.look({ "a.yaml": rule("x", "2"), "b.yaml": "- [" });
    expect(again.versions.list({ limit: 10 })).toEqual(told);
    await again.look({ "b.yaml": rule("y", "1") });
    expect(again.versions.list({ limit: 2 })).toMatchObject([
      { version: 5, file: "a.yaml", gone: true, changes: { removed: ["x"] } },
      { version: 4, file: "b.yaml", changes: { added: ["y"] } },
    ]);
    expect(again.versions.files).toEqual(["b.yaml"]);
    // What cannot be read now is neither changed nor gone.
    await again.look({ "b.yaml": undefined });
    expect(again.numbers()).toEqual([5, 4, 3, 2, 1]);
  });

  test("an edit that was announced and not made has no author to give", async () => {
    const first = await room();
    await first.look({ "a.yaml": rule("x", "1") });
    await first.versions.announce("a.yaml", rule("x", "2"), { by: "minh", note: "rolled back to 1" });
    const again = await room(first.store); // It ended before the file was written.
    await again.look({ "a.yaml": rule("x", "1") });
    expect(again.numbers()).toEqual([1]);
    await again.look({ "a.yaml": rule("x", "2") });
    expect(again.versions.list({ limit: 1 })).toMatchObject([{ by: "file" }]);

    await again.versions.announce("a.yaml", rule("x", "3"), { by: "lan", note: "rolled back to 1" });
    const third = await room(again.store); // And this one after.
    await third.look({ "a.yaml": rule("x", "3") });
    expect(third.versions.list({ limit: 1 })).toMatchObject([{ by: "lan", note: "rolled back to 1" }]);
  });

  test("an edit that somebody writes over before it is looked at is a version all the same", async () => {
    const parts = await room();
    await parts.look({ "a.yaml": rule("x", "1") });
    await parts.versions.announce("a.yaml", rule("x", "2"), { by: "minh" });
    parts.versions.wrote("a.yaml", rule("x", "2"));
    await parts.look({ "a.yaml": rule("x", "2") + rule("y", "1") });
    expect(parts.versions.list({ limit: 5 })).toMatchObject([
      { version: 3, by: "file", changes: { added: ["y"] } },
      { version: 2, by: "minh", changes: { changed: ["x"] } },
      { version: 1 },
    ]);
    expect(await parts.versions.text({ version: 2 })).toBe(rule("x", "2"));
    expect(await parts.store.entries("rule-intents")).toEqual(new Map());
  });

  test("are bounded by file and in all; what a file says now and what a rule goes on with stays", async () => {
    const parts = await room();
    await parts.look({ "a.yaml": rule("x", "good"), "b.yaml": rule("y", "1") });
    for (let index = 0; index < MOST_OF_A_FILE + 20; index++) {
      const text = rule("x", "1").replace("07:00", `broken ${index}`);
      await parts.versions.announce("a.yaml", text, { by: "minh" });
      await parts.look({ "a.yaml": text, "b.yaml": rule("y", "1") });
    }
    const kept = parts.versions.list({ file: "a.yaml", limit: 1_000 }).map(({ version }) => version);
    expect(kept).toHaveLength(MOST_OF_A_FILE);
    expect(kept.at(-1)).toBe(1);
    expect(parts.versions.lastSound("a.yaml", "x")).toMatchObject({ version: 1 });
    expect(parts.versions.list({ file: "b.yaml", limit: 5 })).toMatchObject([{ version: 2, current: true }]);

    const random = (seed: number): string =>
      fc.sample(fc.string({ minLength: 60_000, maxLength: 60_000 }), { seed, numRuns: 1 })[0] ?? "";
    for (let index = 0; index < 22; index++) {
      const text = `# ${random(index).replaceAll("\n", " ")}\n`;
      await parts.versions.announce("c.yaml", text, { by: "minh" });
      await parts.look({ "a.yaml": rule("x", "7 o'clock"), "b.yaml": rule("y", "1"), "c.yaml": text });
    }
    const rows = await parts.store.entries("rule-versions");
    const bytes = [...rows.values()].reduce<number>((sum, row) => sum + JSON.stringify(row).length, 0);
    expect(bytes).toBeLessThan(1.05 * MOST_BYTES);
    expect(bytes).toBeGreaterThan(0.8 * MOST_BYTES);
    expect(rows.size).toBe(parts.numbers().length);
    expect(parts.versions.get(2)).toBeDefined();
    expect((await room(parts.store)).numbers()).toEqual(parts.numbers());
  });

  test("a program that writes a file all the time is not followed in each step", async () => {
    const parts = await room();
    for (let index = 0; index < 100; index++) await parts.look({ "a.yaml": rule("x", `${index}`) });
    expect(parts.numbers().length).toBeLessThan(40);
    expect(parts.versions.isNews("a.yaml", rule("x", "99"))).toBe(true);
    await parts.clock.advance(61_000);
    expect(parts.again()).toBe(1);
    await parts.look({ "a.yaml": rule("x", "99") });
    expect(parts.versions.isNews("a.yaml", rule("x", "99"))).toBe(false);
    // An edit of a person is never left out.
    for (const text of ["a", "b", "c"]) {
      await parts.versions.announce("a.yaml", rule("x", text), { by: "minh" });
      await parts.look({ "a.yaml": rule("x", text) });
      expect(parts.versions.list({ limit: 1 })).toMatchObject([{ by: "minh", changes: { changed: ["x"] } }]);
    }
  });

  test("what the medium has changed is left out, and the rest is told", async () => {
    const first = await room();
    await first.look({ "a.yaml": rule("x", "1") });
    await first.look({ "a.yaml": rule("x", "2") });
    await first.look({ "a.yaml": rule("x", "3") });
    const row = (await first.store.entries("rule-versions")).get("0000000003");
    await first.store.commit(
      [
        { op: "put", table: "rule-versions", key: "0000000001", value: { file: 7 } },
        { op: "put", table: "rule-versions", key: "0000000003", value: { ...(row as object), text: "%%%" } },
        { op: "put", table: "rule-intents", key: "a.yaml", value: 5 },
      ],
      "crash",
    );
    const again = await room(first.store);
    await again.look({ "a.yaml": rule("x", "4") });
    expect(again.numbers()).toEqual([4, 3, 2]);
    expect(await textOfVersion(again.versions, { version: 3 })).toMatchObject({
      ok: false,
      refusal: { code: "unknown-version" },
    });
    expect(await diffOfVersion(again.versions, { version: 3 })).toMatchObject({ ok: false });
    expect(await diffOfVersion(again.versions, { version: 4, before: 2 })).toMatchObject({
      ok: true,
      value: { before: 2, diff: expect.stringContaining('+  actions: [{ notify: "4" }]') },
    });
  });

  test("any texts come back as they were", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { maxLength: 6 }), async (texts) => {
        const parts = await room();
        for (const text of texts) {
          // As a file gives it: UTF-8.
          await parts.look({ "a.yaml": Buffer.from(text).toString() });
        }
        const kept = await Promise.all(
          parts.numbers().map(async (version) => parts.versions.text({ version })),
        );
        const seen = texts.map((text) => Buffer.from(text).toString());
        expect(kept.reverse()).toEqual(seen.filter((text, index) => text !== seen[index - 1]));
      }),
      { numRuns: 25 },
    );
  });
});
