import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { loadSqlDriver } from "../store/open-sql-driver.ts";
import { backupRoom, PASSPHRASE } from "./fixtures/backup-room.ts";
import { inspectBackup } from "./read-backup.ts";
import { stageBackup } from "./stage.ts";

// Each key costs half a second of a machine that does nothing else.
vi.setConfig({ testTimeout: 90_000 });

const REQUEST = { passphrase: PASSPHRASE, history: true, by: "minh" };

test("everything that belongs to the house is in it, and what does not is told or left out", async () => {
  const room = await backupRoom({
    "etc/rules/heat.yaml": "- id: heat\n",
    "etc/rules/heat.test.yaml": "[]\n",
    "etc/rules/.draft.yaml": "x",
    "etc/rules/notes.txt": "x",
    "etc/kitchen.password": "secret\n",
    "elsewhere/key.pem": "key",
    "data/tls/ca.key": "key",
    "data/tls/issued.json": "{}",
    "data/tls/server.key": "of this machine alone",
    "data/node-red.secret": "s",
    "data/node-red/flows.json": "[]",
    "data/node-red/lib/flows/x.json": "[]",
    "data/node-red/node_modules/big/index.js": "x",
    "data/node-red/.flows.json.backup": "[]",
    "data/config.last-good.json": "{}",
    "data/firmware/lamp.bin": "x",
  });
  const driver = (await loadSqlDriver())(join(room.data, "history.db"));
  driver.exec("CREATE TABLE tier (x); INSERT INTO tier VALUES (42)");
  driver.close();
  const named = [
    join(room.root, "etc/kitchen.password"),
    join(room.root, "elsewhere/key.pem"),
    join(room.root, "etc/none"),
  ];
  const backups = room.open({ named });
  const file = await room.take(backups);
  const { configs, manifest } = await inspectBackup(file, PASSPHRASE);
  expect(manifest.entries.map(({ name }) => name)).toEqual([
    "config/in-force.yaml",
    "config/files/kitchen.password",
    "rules/heat.test.yaml",
    "rules/heat.yaml",
    "data/tls/ca.key",
    "data/tls/issued.json",
    "data/node-red.secret",
    "data/node-red/flows.json",
    "data/node-red/lib/flows/x.json",
    "data/tram.db",
    "data/history.db",
  ]);
  expect(manifest.left).toEqual([expect.stringMatching(/elsewhere\/key\.pem: it lies outside of/)]);
  expect(manifest).toMatchObject({
    gateway: { id: "house" },
    schema: 1,
    counts: { things: 1, ruleFiles: 1 },
    clock: "synced",
  });
  expect(configs.get("config/in-force.yaml")).toBe("gateway: { id: house }\n");
  expect(room.audited).toMatchObject([{ action: "backup-taken", by: "minh", detail: "with history" }]);

  const target = join(room.root, "b");
  mkdirSync(target);
  await stageBackup(file, PASSPHRASE, join(target, "staging"));
  expect(readFileSync(join(target, "staging/rules/heat.yaml"), "utf8")).toBe("- id: heat\n");
  const past = (await loadSqlDriver())(join(target, "staging/data/history.db"), "read");
  expect(past.prepare("SELECT x FROM tier").all()).toEqual([{ x: 42 }]);
  past.close();
  await room.take(backups, { history: false });
  expect(
    (await inspectBackup(file, PASSPHRASE)).manifest.entries.some(({ name }) => /history/.test(name)),
  ).toBe(false);
});

test("one at a time; and whatever becomes of it, nothing of it stays in the data folder", async () => {
  const room = await backupRoom();
  const backups = room.open();
  const first = await backups.take(REQUEST);
  expect(readdirSync(room.data)).toContain("backup.tmp");
  await expect(backups.take(REQUEST)).rejects.toMatchObject({ code: "busy" });
  const closed = new Promise((resolve) => first.stream.once("close", resolve));
  first.stream.destroy(); // Somebody closed the browser.
  await closed;
  expect(existsSync(join(room.data, "backup.tmp"))).toBe(false);
  await expect(backups.take({ ...REQUEST, passphrase: "short" })).rejects.toMatchObject({
    code: "passphrase",
  });
  await room.take(backups);
  expect(existsSync(join(room.data, "backup.tmp"))).toBe(false);
});

test("a history that cannot be copied is told, and the next backup is not held up by it", async () => {
  const room = await backupRoom({ "data/history.db": "this is no database" });
  const backups = room.open();
  await expect(backups.take(REQUEST)).rejects.toMatchObject({
    code: "place",
    message: expect.stringMatching(/history\.db/),
  });
  const file = await room.take(backups, { history: false });
  expect((await inspectBackup(file, PASSPHRASE)).manifest.counts).toMatchObject({ things: 1 });
});

test("on OpenWrt UCI and the file below it are in it, and what they name beside that file", async () => {
  const room = await backupRoom({
    "run/tram.uci": "config x\n",
    "etc/tram.yaml": "log: {}\n",
    "etc/cloud.password": "x",
  });
  const file = await room.take(
    room.open({
      configFile: join(room.root, "run/tram.yaml"),
      rendered: { uci: join(room.root, "run/tram.uci"), base: join(room.root, "etc/tram.yaml") },
      named: [join(room.root, "etc/cloud.password")],
    }),
  );
  const { configs, manifest } = await inspectBackup(file, PASSPHRASE);
  expect([...configs.keys()]).toEqual(["config/in-force.yaml", "config/uci", "config/base.yaml"]);
  expect(manifest.entries.map(({ name }) => name)).toContain("config/files/cloud.password");
});

test("a backup of megabytes goes through in memory that does not grow with it", async () => {
  const room = await backupRoom();
  const noise = Buffer.alloc(40_000_000);
  for (let at = 0, state = 1; at < noise.length; at += 4) {
    state = (state * 48_271) % 2_147_483_647;
    noise.writeUInt32LE(state, at);
  }
  const driver = (await loadSqlDriver())(join(room.data, "history.db"));
  driver.exec("CREATE TABLE tier (x TEXT)");
  const insert = driver.prepare("INSERT INTO tier VALUES (?)");
  for (let at = 0; at < noise.length; at += 1_000_000)
    insert.run(noise.subarray(at, at + 1_000_000).toString("base64"));
  driver.close();
  const { manifest, stream } = await room.open().take(REQUEST);
  const bytes = manifest.entries.reduce((sum, entry) => sum + entry.bytes, 0);
  expect(bytes).toBeGreaterThan(50_000_000);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let [most, sealed] = [0, 0];
  for await (const part of stream) {
    sealed += (part as Buffer).length;
    most = Math.max(most, process.memoryUsage().rss - before);
  }
  expect(sealed).toBeGreaterThan(30_000_000);
  // scrypt alone takes 32 MiB, and garbage is collected when there is some.
  expect(most).toBeLessThan(150_000_000);
}, 60_000);

test("a folder without room is told before anything is copied", async () => {
  const room = await backupRoom();
  writeFileSync(join(room.data, "history.db"), "");
  const { truncateSync } = await import("node:fs");
  truncateSync(join(room.data, "history.db"), 2 ** 43); // A hole: larger than any disk here, and nothing is written.
  await expect(room.open().take(REQUEST)).rejects.toMatchObject({
    code: "room",
    message: expect.stringMatching(/expected \d+ MB for a copy of the databases, found \d+ MB free/),
  });
});
