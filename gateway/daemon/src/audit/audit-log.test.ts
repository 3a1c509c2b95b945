import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transactions } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { AUDIT_BYTES, AuditLog } from "./audit-log.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function room(store = new MemoryStore(), clock = new VirtualClock({ trust: "untrusted" })) {
  const transactions = new Transactions(store, silent, () => undefined);
  const audit = new AuditLog({ clock, log: silent, transactions, store });
  await audit.restore();
  await audit.measure();
  return { store, transactions, audit, clock };
}

test("entries come back newest first, with the time as it was believed, over a restart", async () => {
  const first = await room();
  first.audit.audit({ action: "pairing-opened", subject: "5 min", by: "minh" });
  await first.transactions.transact((unit) =>
    first.audit.into(unit, {
      action: "credential-granted",
      subject: "lamp",
      by: "pair",
      address: "10.0.0.7",
    }),
  );
  const again = await room(first.store);
  again.audit.audit({ action: "credential-revoked", subject: "lamp", by: "minh" });
  await again.transactions.transact(() => undefined);
  expect(await again.audit.read(2)).toEqual([
    expect.objectContaining({
      action: "credential-revoked",
      subject: "lamp",
      by: "minh",
      clock: "untrusted",
    }),
    {
      time: "2026-01-05T06:00:00.000Z",
      clock: "untrusted",
      action: "credential-granted",
      subject: "lamp",
      by: "pair",
      address: "10.0.0.7",
    },
  ]);
  expect(await again.audit.read(100)).toHaveLength(3);
});

test("it stays within its bound of bytes, and what is there is the newest", async () => {
  const { store, audit, transactions } = await room();
  const detail = "x".repeat(200);
  const fill = async (from: AuditLog, more: Transactions, rows: number): Promise<void> => {
    await more.transact((unit) => {
      for (let count = 1; count <= rows; count++)
        from.into(unit, { action: "login-refused", subject: `n${count}`, by: "x", detail });
    });
  };
  await fill(audit, transactions, 12_000);
  const held = (await store.rows("audit", { after: 0, limit: 20_000 })).map(({ value }) =>
    JSON.stringify(value),
  );
  const bytes = held.reduce((sum, text) => sum + text.length, 0);
  expect(bytes).toBeLessThan(AUDIT_BYTES);
  expect(bytes).toBeGreaterThan(AUDIT_BYTES * 0.85);
  expect((await audit.read(1))[0]).toMatchObject({ subject: "n12000" });

  const again = await room(store);
  await fill(again.audit, again.transactions, 500);
  expect((await store.extent("audit")).count).toBeLessThan(held.length + 64);
  expect((await again.audit.read(1))[0]).toMatchObject({ subject: "n500" });
});

test("what is written while nobody knows yet how much there is counts too", async () => {
  const first = await room();
  first.audit.audit({ action: "pairing-closed", subject: "1", by: "x" });
  await first.transactions.transact(() => undefined);
  const audit = new AuditLog({ ...first, clock: new VirtualClock(), log: silent });
  await audit.restore();
  const measured = audit.measure();
  for (let count = 0; count < 9_000; count++) {
    audit.audit({ action: "pairing-closed", subject: "y".repeat(200), by: "z".repeat(200) });
  }
  await measured;
  audit.audit({ action: "pairing-closed", subject: "last", by: "x" });
  await first.transactions.transact(() => undefined);
  expect((await first.store.extent("audit")).count).toBeLessThan(6_500);
  expect((await audit.read(1))[0]).toMatchObject({ subject: "last" });
});

test("on a real disk it takes no more than 4 MB, beside a log that grows behind it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-audit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "tram.db");
  const store = await openSqliteStore(file);
  const transactions = new Transactions(store, silent, () => undefined);
  const audit = new AuditLog({ clock: new VirtualClock(), log: silent, transactions, store });
  await audit.restore();
  await audit.measure();
  // One behind it in the order of the names: the pages of the audit log are split, and never quite full.
  let behind = 0;
  for (let turn = 0; turn < 90; turn++) {
    await transactions.transact((unit) => {
      unit.append("outbox-up", ++behind, "z");
      for (let count = 0; count < 400; count++)
        audit.into(unit, {
          action: "command",
          subject: "pump/relay/on",
          by: "api:minh",
          detail: "true: confirmed",
        });
    });
  }
  expect(audit.bytes).toBeLessThanOrEqual(AUDIT_BYTES);
  expect(audit.bytes).toBeGreaterThan(AUDIT_BYTES * 0.9);
  await store.close();
  expect(statSync(file).size).toBeLessThan(4_000_000);
}, 30_000);

test("entries are found by action, by who did it, and by time, over many others", async () => {
  const { audit, transactions, clock } = await room();
  const write = (action: "command" | "signed-in", by: string): void =>
    audit.audit({ action, subject: "s", by });
  write("signed-in", "minh");
  await clock.advance(60_000);
  await transactions.transact((unit) => {
    for (let count = 0; count < 1_700; count++)
      audit.into(unit, { action: "command", subject: "s", by: "lan" });
  });
  write("signed-in", "lan");
  await transactions.transact(() => undefined);
  const names = async (filter: Parameters<AuditLog["read"]>[1]) =>
    (await audit.read(10, filter)).map(({ by }) => by);
  expect(await names({ action: "signed-in" })).toEqual(["lan", "minh"]);
  expect(await names({ by: "minh" })).toEqual(["minh"]);
  expect(await names({ action: "signed-in", since: clock.now() - 1_000 })).toEqual(["lan"]);
  expect(await names({ by: "nobody" })).toEqual([]);
  expect(await audit.read(5_000)).toHaveLength(1_702);
});

test("what comes from outside is one bounded line", async () => {
  const { audit, transactions } = await room();
  audit.audit({ action: "login-refused", subject: `\u001b[31m\n${"x".repeat(9_000)}`, by: "x" });
  await transactions.transact(() => undefined);
  const [entry] = await audit.read(1);
  expect(entry?.subject).toMatch(/^\?\[31m\?x+\.\.\.$/);
  expect(entry?.subject.length).toBeLessThan(250);
});
