import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { loadSqlDriver } from "../store/open-sql-driver.ts";
import { BackupError } from "./backup-error.ts";
import { readContentOf } from "./content.ts";
import { backupRoom, PASSPHRASE } from "./fixtures/backup-room.ts";
import { CONTENT_FORMAT, type Manifest, nameProblem, readManifest } from "./manifest.ts";
import { putBack } from "./put-back.ts";
import { inspectBackup } from "./read-backup.ts";
import { restoreTarget } from "./restore-target.ts";
import { seal } from "./sealed.ts";

// Each key costs half a second of a machine that does nothing else.
vi.setConfig({ testTimeout: 90_000 });

const SHA_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function manifestOf(
  entries: readonly { name: string; bytes: number; sha256: string }[],
  more: Partial<Manifest> = {},
): Manifest {
  return {
    format: CONTENT_FORMAT,
    product: "tram",
    version: "0.1.0",
    gateway: { id: "house", name: "House" },
    createdAt: "2026-01-05T06:00:00.000Z",
    clock: "synced",
    schema: 1,
    counts: {},
    paths: { data: "/srv/tram", rules: "/etc/tram/rules", config: "/etc/tram/tram.yaml" },
    entries: [...entries],
    left: [],
    ...more,
  };
}

function contentOf(manifest: unknown, rest: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, rest]);
}

async function* pieces(content: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

const VISITOR = { begin() {}, piece() {}, end() {} };

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "taken",
    (found: unknown) => found,
  );
  if (error instanceof BackupError) return error.code;
  throw new Error(`expected a refusal, found ${String(error)}`);
}

describe("what is inside", () => {
  test("each truncation and each changed byte of it is refused, also where it was sealed so", async () => {
    const body = Buffer.from("hello");
    const { createHash } = await import("node:crypto");
    const sha256 = createHash("sha256").update(body).digest("hex");
    const manifest = manifestOf([
      { name: "rules/a.yaml", bytes: 0, sha256: SHA_EMPTY },
      { name: "rules/b.yaml", bytes: 5, sha256 },
      { name: "rules/c.yaml", bytes: 0, sha256: SHA_EMPTY },
    ]);
    const content = contentOf(manifest, body);
    const seen: string[] = [];
    await readContentOf(pieces(content), { ...VISITOR, end: ({ name }) => seen.push(name) });
    expect(seen).toEqual(["rules/a.yaml", "rules/b.yaml", "rules/c.yaml"]);
    for (let length = 0; length < content.length; length++) {
      expect(await codeOf(readContentOf(pieces(content.subarray(0, length)), VISITOR)), `${length}`).toBe(
        "damaged",
      );
    }
    expect(await codeOf(readContentOf(pieces(Buffer.concat([content, body])), VISITOR))).toBe("damaged");
    for (let at = content.length - body.length; at < content.length; at++) {
      const changed = Buffer.from(content);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await codeOf(readContentOf(pieces(changed), VISITOR))).toBe("damaged");
    }
  });

  test("whatever the manifest is, it is taken or refused, and no name leads out of its folder", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({ unit: "binary" }), async (value, text) => {
        for (const found of [
          value,
          { ...manifestOf([]), entries: value },
          { ...manifestOf([]), format: value },
        ]) {
          expect(["damaged", "newer-format"]).toContain(
            await codeOf(readContentOf(pieces(contentOf(found)), VISITOR)).catch((error: unknown) => {
              // An empty list of entries is sound.
              expect(String(error)).toMatch(/found taken/);
              return "damaged";
            }),
          );
        }
        expect(() => readManifest(text)).toThrow(BackupError);
      }),
    );
    for (const name of [
      "../x",
      "rules/../../etc/passwd.yaml",
      "/etc/passwd",
      "rules/a/b.yaml",
      "rules/.yaml/..",
      "data/tls/../../x",
      "data/node-red/../x",
      "data/node-red//x",
      "config/files/",
      "config/files/./x",
      "rules/a\u0000.yaml",
      "data/tram.db-wal",
      "data/tram.sock",
      "data\\tls\\x",
      "",
    ]) {
      expect(nameProblem(name), name).toBeDefined();
    }
    for (const name of [
      "rules/nóng.yaml",
      "data/tls/ca.key",
      "data/node-red/lib/flows/x.json",
      "config/files/keys/cloud.pem",
    ]) {
      expect(nameProblem(name), name).toBeUndefined();
    }
  });

  test("a list with a name that leads elsewhere, or with one twice, is refused", async () => {
    const entry = (name: string) => ({ name, bytes: 0, sha256: SHA_EMPTY });
    for (const entries of [[entry("../../etc/passwd")], [entry("rules/a.yaml"), entry("rules/a.yaml")]]) {
      expect(await codeOf(readContentOf(pieces(contentOf(manifestOf(entries))), VISITOR))).toBe("damaged");
    }
    await readContentOf(pieces(contentOf(manifestOf([entry("rules/a.yaml")]))), VISITOR);
  });

  test("a newer format is told as such, though its list of files is not known", async () => {
    const newer = contentOf({ product: "tram", format: CONTENT_FORMAT + 1, what: "ever" });
    expect(await codeOf(readContentOf(pieces(newer), VISITOR))).toBe("newer-format");
    expect(await codeOf(readContentOf(pieces(Buffer.from([255, 255, 255, 255, 1, 2])), VISITOR))).toBe(
      "damaged",
    );
  });
});

/** Seals what no gateway would. */
async function forge(file: string, content: Uint8Array): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of seal([content], PASSPHRASE)) parts.push(part);
  writeFileSync(file, Buffer.concat(parts));
}

describe("putting back", () => {
  const target = (root: string) => ({
    data: join(root, "b/data"),
    rulesDir: join(root, "b/rules"),
    outside: [],
  });
  const beforeCommit = async (): Promise<void> => undefined;

  test("what a newer program made is refused in clear words, and what is damaged inside too; nothing is left", async () => {
    const room = await backupRoom();
    const file = join(room.root, "forged");
    const { createHash } = await import("node:crypto");
    const entry = (name: string, bytes: Buffer) => ({
      name,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
    const garbage = Buffer.from(
      "this is no database at all, though it is long enough to be looked at".repeat(20),
    );
    const path = join(room.root, "newer.db");
    const driver = (await loadSqlDriver())(path);
    driver.exec(
      "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); INSERT INTO meta VALUES ('schema_version', '99')",
    );
    driver.close();
    const newer = readFileSync(path);
    for (const [content, code] of [
      [gzipSync(contentOf(manifestOf([], { schema: 99 }))), "newer-schema"],
      [gzipSync(contentOf(manifestOf([]))), "damaged"],
      [gzipSync(contentOf(manifestOf([entry("data/tram.db", garbage)]), garbage)), "damaged"],
      [gzipSync(contentOf(manifestOf([entry("data/tram.db", newer)]), newer)), "newer-schema"],
      [Buffer.from("not compressed"), "damaged"],
      [gzipSync(contentOf(manifestOf([entry("data/tram.db", newer)]), newer)).subarray(0, -9), "damaged"],
      [
        gzipSync(contentOf(manifestOf([{ name: "data/tram.db", bytes: 2 ** 45, sha256: SHA_EMPTY }]))),
        "room",
      ],
    ] as const) {
      await forge(file, content);
      expect(await codeOf(putBack(file, PASSPHRASE, { target: target(room.root), beforeCommit }))).toBe(code);
      expect(readdirSync(join(room.root, "b/data"))).toEqual([]);
    }
  }, 60_000);

  test("a place that cannot be written is told before anything is decided", async () => {
    const room = await backupRoom({ file: "x" });
    const file = await room.take(room.open());
    for (const bad of ["/proc/tram/rules", join(room.root, "file/rules")]) {
      const wrong = { ...target(room.root), rulesDir: bad };
      await expect(putBack(file, PASSPHRASE, { target: wrong, beforeCommit })).rejects.toMatchObject({
        code: "place",
        message: expect.stringMatching(
          /rules: expected a folder that can be written, found E[A-Z]+\. --config/,
        ),
      });
    }
    const nowhere = { ...target(room.root), data: "/proc/tram/data" };
    await expect(putBack(file, PASSPHRASE, { target: nowhere, beforeCommit })).rejects.toMatchObject({
      code: "place",
    });
    expect(readdirSync(join(room.root, "b/data"))).toEqual([]);
  });

  test("a last look can stop it, and then nothing was changed", async () => {
    const room = await backupRoom();
    const file = await room.take(room.open());
    const { data } = target(room.root);
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "tram.db"), "old");
    const stop = async (): Promise<void> => {
      throw new Error("a gateway has started");
    };
    await expect(
      putBack(file, PASSPHRASE, { target: target(room.root), beforeCommit: stop }),
    ).rejects.toThrow(/has started/);
    expect(readdirSync(data)).toEqual(["tram.db"]);
    const done = await putBack(file, PASSPHRASE, { target: target(room.root), beforeCommit });
    expect(readFileSync(join(done.before, "tram.db"), "utf8")).toBe("old");
    expect(existsSync(join(data, "restore.done"))).toBe(false);
  });
});

describe("where it goes", () => {
  async function inspected(uci: boolean) {
    const room = await backupRoom({
      "etc/tram.yaml": "log: {}\n",
      "run/tram.uci": "config x\n",
      "etc/cloud.password": "x",
    });
    const from = uci
      ? {
          configFile: "/var/run/tram/tram.yaml",
          rendered: { uci: join(room.root, "run/tram.uci"), base: join(room.root, "etc/tram.yaml") },
        }
      : {};
    const file = await room.take(
      room.open({
        ...from,
        named: [join(room.root, "etc/cloud.password")],
        configText: "data: state\nrules: { dir: /r }\n",
      }),
    );
    rmSync(join(room.root, "etc"), { recursive: true });
    mkdirSync(join(room.root, "here"));
    const files = {
      uci: join(room.root, "here/uci"),
      base: join(room.root, "here/tram.yaml"),
      rendered: join(room.root, "here/run.yaml"),
    };
    return { room, files, found: await inspectBackup(file, PASSPHRASE) };
  }
  const wish = { config: undefined, keepConfig: false, data: undefined, overrides: {} };

  test("the configuration to where this machine has its own, the rest to where that says", async () => {
    const { files, found, room } = await inspected(false);
    const here = join(room.root, "here");
    expect(restoreTarget(found, wish, files)).toEqual({
      data: join(here, "state"),
      rulesDir: "/r",
      config: files.base,
      outside: [
        { from: "config/files/cloud.password", to: join(here, "cloud.password") },
        { from: "config/in-force.yaml", to: files.base },
      ],
    });
    const other = restoreTarget(found, { ...wish, config: "/x/y.yaml", data: "/d" }, files);
    expect(other).toMatchObject({ data: "/d", config: "/x/y.yaml" });
    // Onto OpenWrt, from elsewhere: UCI of there goes on winning.
    writeFileSync(files.uci, "config y\n");
    expect(restoreTarget(found, wish, files)).toMatchObject({ config: files.base });
    writeFileSync(files.base, "data: mine\n");
    expect(restoreTarget(found, { ...wish, keepConfig: true }, files)).toMatchObject({
      data: join(here, "mine"),
      outside: [],
    });
  });

  test("from OpenWrt to OpenWrt UCI and the file below it, to elsewhere what they made together", async () => {
    const { files, found, room } = await inspected(true);
    expect(restoreTarget(found, wish, files)).toMatchObject({
      config: files.base,
      data: join(room.root, "here/state"),
    });
    writeFileSync(files.uci, "config y\n");
    expect(restoreTarget(found, wish, files)).toEqual({
      data: found.manifest.paths.data,
      rulesDir: found.manifest.paths.rules,
      outside: [
        { from: "config/files/cloud.password", to: join(room.root, "here/cloud.password") },
        { from: "config/base.yaml", to: files.base },
        { from: "config/uci", to: files.uci },
      ],
    });
  });
});
