import { Transactions } from "@tram/core";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { AUDIT_ROWS, AuditLog } from "./audit-log.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function room(store = new MemoryStore(), clock = new VirtualClock({ trust: "untrusted" })) {
  const transactions = new Transactions(store, silent, () => undefined);
  const audit = new AuditLog({ clock, log: silent, transactions, store });
  await audit.restore();
  return { store, transactions, audit };
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

test("it stays within its bound, and what is there is the newest", async () => {
  const { store, audit, transactions } = await room();
  for (let count = 1; count <= AUDIT_ROWS + 20; count++) {
    audit.audit({ action: "login-refused", subject: `n${count}`, by: "x" });
  }
  await transactions.transact(() => undefined);
  expect((await store.extent("audit")).count).toBe(AUDIT_ROWS);
  expect((await audit.read(1))[0]).toMatchObject({ subject: `n${AUDIT_ROWS + 20}` });
  const again = await room(store);
  again.audit.audit({ action: "login-refused", subject: "later", by: "x" });
  await again.transactions.transact(() => undefined);
  expect((await store.extent("audit")).count).toBe(AUDIT_ROWS);
});

test("what comes from outside is one bounded line", async () => {
  const { audit, transactions } = await room();
  audit.audit({ action: "login-refused", subject: `\u001b[31m\n${"x".repeat(9_000)}`, by: "x" });
  await transactions.transact(() => undefined);
  const [entry] = await audit.read(1);
  expect(entry?.subject).toMatch(/^\?\[31m\?x+\.\.\.$/);
  expect(entry?.subject.length).toBeLessThan(250);
});
