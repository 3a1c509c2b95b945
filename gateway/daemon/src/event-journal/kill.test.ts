import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { VirtualClock } from "@tram/testkit";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readJournal } from "./read-journal.ts";
import { Segment } from "./segment.ts";
import { all, journalHouse } from "./testing/journal-house.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-events-"));
const program = join(folder, "child.js");

beforeAll(async () => {
  await build({
    entryPoints: [new URL("./testing/journal-child.ts", import.meta.url).pathname],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    logLevel: "error",
  });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the child until it said enough, and kills it in the middle of its work. */
async function killed(events: string, lines: number, batch: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [program, events, String(batch)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("the child has no stdout");
  const exited = once(child, "exit");
  let kept = 0;
  let count = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    kept = Number(/^kept (\d+)$/.exec(line)?.[1]);
    if (++count === lines) setTimeout(() => child.kill("SIGKILL"), count % 7);
  });
  await exited;
  expect(child.signalCode).toBe("SIGKILL");
  return kept;
}

async function readings(events: string): Promise<readonly unknown[]> {
  const clock = new VirtualClock({ bootId: "later" });
  const house = journalHouse({ clock, settings: { folder: events, diskBytes: 4_194_304 } });
  house.start();
  const found = await house.read({ kinds: new Set(["reading", "gap"]) });
  await house.journal[Symbol.asyncDispose]();
  return found.map(({ kind, what }) => (kind === "reading" ? what.value : kind));
}

test("a process that is killed leaves whatever its disk was said to have, in its order", async () => {
  for (const [round, lines] of [1, 2, 5, 9, 14, 20].entries()) {
    const events = join(folder, `round-${round}`);
    const kept = await killed(events, lines, 20 + 150 * round);
    const found = await readings(events);
    expect(found.length).toBeGreaterThanOrEqual(kept);
    expect(kept).toBeGreaterThan(0);
    expect(found).toEqual(Array.from({ length: found.length }, (_, index) => index + 1));
  }
}, 60_000);

test("a file of a killed process that is torn at any byte has what stands before", async () => {
  const events = join(folder, "torn");
  await killed(events, 4, 10);
  const [name = ""] = readdirSync(events);
  const content = readFileSync(join(events, name));
  expect(content.length).toBeGreaterThan(200);
  const file = join(folder, "torn.seg");
  let before = -1;
  for (let length = 0; length <= content.length; length++) {
    writeFileSync(file, content.subarray(0, length));
    const events = await all(
      readJournal(
        {
          disk: [new Segment(file, length)],
          memory: [],
          memoryFrom: { run: 0, seq: 0 },
          onDamaged: () => {},
        },
        {},
      ),
    );
    const numbers = events.filter(({ kind }) => kind === "reading").map(({ what }) => what);
    expect(numbers.length).toBeGreaterThanOrEqual(before);
    before = numbers.length;
  }
  expect(before).toBe((await readings(events)).length);
}, 60_000);
