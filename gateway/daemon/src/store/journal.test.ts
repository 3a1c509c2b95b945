import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EncodedOperation } from "./encode.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { Journal, journalIn, readJournal } from "./journal.ts";

const LINEAGE = { id: "0123abcd", epoch: 4 };
const put = (key: string): EncodedOperation => ({ op: "put", table: "t", key, text: "1" });

/** The key that a batch writes first, to tell it by. */
const keys = (batches: ReturnType<typeof readJournal>) =>
  batches.map(([first]) => (first !== undefined && "key" in first ? first.key : undefined));

const text = fc.string({ unit: "binary" }).filter((each) => each.isWellFormed());
const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const operation: fc.Arbitrary<EncodedOperation> = fc.oneof(
  fc.record({ op: fc.constant("put" as const), table: text, key: text, text }),
  fc.record({ op: fc.constant("delete" as const), table: text, key: text }),
  fc.record({ op: fc.constant("append" as const), log: text, seq, text }),
  fc.record({ op: fc.constant("remove" as const), log: text, seq }),
);

test("every batch comes back as it was, in its order", () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.array(operation))), (groups) => {
      using place = temporaryFolder();
      const journal = Journal.begin(place.folder, LINEAGE);
      for (const group of groups) journal.append(group);
      journal.close();
      expect(readJournal(place.folder, LINEAGE)).toEqual(groups.flat());
    }),
    { numRuns: 100 },
  );
});

test("wherever it is cut off, the batches before are whole and nothing else is there", () => {
  using place = temporaryFolder();
  const path = journalIn(place.folder, LINEAGE);
  const journal = Journal.begin(place.folder, LINEAGE);
  const ends = ["", "đèn", "c".repeat(300)].map((key) => {
    journal.append([[put(key)]]);
    return journal.bytes;
  });
  journal.close();
  const whole = readFileSync(path);
  for (let length = whole.length; length >= 0; length--) {
    truncateSync(path, length);
    expect(readJournal(place.folder, LINEAGE)).toHaveLength(ends.filter((end) => end <= length).length);
  }
});

test("one wrong bit ends it", () => {
  using place = temporaryFolder();
  const path = journalIn(place.folder, LINEAGE);
  const journal = Journal.begin(place.folder, LINEAGE);
  const start = journal.bytes;
  journal.append([[put("a")], [put("b")]]);
  journal.close();
  const whole = readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const wrong = Buffer.from(whole);
    wrong[at] = (wrong[at] ?? 0) ^ 0x10;
    writeFileSync(path, wrong);
    const found = keys(readJournal(place.folder, LINEAGE));
    expect(["a,b", "a", ""], String(at)).toContain(found.join());
    expect(found.length, String(at)).toBeLessThan(at < start ? 1 : 2);
  }
});

test("what is no journal is as good as none", () => {
  using place = temporaryFolder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      writeFileSync(journalIn(place.folder, LINEAGE), bytes);
      expect(readJournal(place.folder, LINEAGE)).toEqual([]);
    }),
  );
});

test("a batch that was taken back does not come back", () => {
  using place = temporaryFolder();
  const journal = Journal.begin(place.folder, LINEAGE, [[put("left")]]);
  const first = journal.append([[put("a")], [put("b")], [put("c")]]);
  journal.abort(first + 1);
  journal.append([[put("d")]]);
  journal.close();
  expect(keys(readJournal(place.folder, LINEAGE))).toEqual(["left", "a", "c", "d"]);
});

test("it continues the database that names its epoch, and no other", () => {
  using place = temporaryFolder();
  const journal = Journal.begin(place.folder, LINEAGE);
  journal.append([[put("a")]]);
  for (const other of [
    { ...LINEAGE, epoch: 3 },
    { ...LINEAGE, epoch: 5 },
    { ...LINEAGE, id: "other" },
  ])
    expect(readJournal(place.folder, other)).toEqual([]);
  expect(keys(readJournal(place.folder, { ...LINEAGE, epoch: 2 }, { any: true }))).toEqual(["a"]);
  journal.restart(5);
  expect(journal.empty).toBe(true);
  journal.append([[put("b")]]);
  journal.remove();
  expect(existsSync(journalIn(place.folder, LINEAGE))).toBe(false);
});

test("one of another run of the machine is not played: its end may be missing", () => {
  using place = temporaryFolder();
  const path = journalIn(place.folder, LINEAGE);
  const mine = Journal.begin(place.folder, LINEAGE);
  mine.append([[put("a")]]);
  mine.close();
  const boot = /"boot":"([^"]*)"/.exec(readFileSync(path, "latin1"))?.[1] ?? "";
  expect(boot).toMatch(/^[0-9a-f-]{36}$/);
  rewriteHeader(path, (text) =>
    text.replace(
      boot,
      boot.replace(/^./, (digit) => (digit === "a" ? "b" : "a")),
    ),
  );
  expect(readJournal(place.folder, LINEAGE)).toEqual([]);
});

test("one whose process is alive is not touched", async () => {
  using place = temporaryFolder();
  const path = journalIn(place.folder, LINEAGE);
  Journal.begin(place.folder, LINEAGE).close();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"]);
  await once(child, "spawn");
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  rewriteHeader(path, (text) =>
    text.replace(/"pid":\d+/, `"pid":${child.pid}`).replace(/"started":"\d+"/, `"started":"${started}"`),
  );
  expect(() => readJournal(place.folder, LINEAGE)).toThrow(`in use by process ${child.pid}`);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(readJournal(place.folder, LINEAGE)).toEqual([]);
});

test("a folder that takes nothing leaves what was there", () => {
  using place = temporaryFolder();
  const journal = Journal.begin(place.folder, LINEAGE);
  journal.append([[put("a")]]);
  journal.close();
  expect(() => Journal.begin(`${place.folder}/nowhere`, LINEAGE)).toThrow(/ENOENT/);
  expect(keys(readJournal(place.folder, LINEAGE))).toEqual(["a"]);
});

/** Changes the header of a journal, with a checksum that is right again. */
function rewriteHeader(path: string, change: (text: string) => string): void {
  const content = readFileSync(path);
  const start = content.indexOf("\n") + 1;
  const end = start + 8 + content.readUInt32LE(start);
  const text = Buffer.from(change(content.toString("utf8", start + 8, end)));
  const frame = Buffer.alloc(8);
  frame.writeUInt32LE(text.length, 0);
  frame.writeUInt32LE(crc32(text), 4);
  writeFileSync(path, Buffer.concat([content.subarray(0, start), frame, text, content.subarray(end)]));
}
