import { type MqttSessionView, StoreError } from "@tram/core";
import type { ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { client, identityRoom } from "./fixtures/identity-room.ts";
import { BACKOFF } from "./login-backoff.ts";
import { ANONYMOUS } from "./pair-topics.ts";

const EYES = { username: "eyes", password: "eyes-password", role: "dashboard" } as const;
const LAMP = { id: "lamp", kind: "homie", role: "device", createdBy: "minh" } as const;
const ONCE = { replace: false } as const;

type Room = Awaited<ReturnType<typeof identityRoom>>;

async function grant({ identity }: Room, id: string): Promise<string> {
  const granted = await identity.grants.grant({ ...LAMP, id }, ONCE);
  if (!granted.ok) throw new Error(granted.problem);
  return granted.secret;
}

function session(id: string, username: string, filters: readonly string[] = []): MqttSessionView {
  const subscriptions = filters.map((filter) => ({ filter, qos: 0 as const }));
  return { id, username, connection: client(username, { id }), subscriptions } as unknown as MqttSessionView;
}

describe("a login", () => {
  test.each([
    ["eyes", "eyes-password", { account: "eyes" }],
    ["eyes", "wrong", { refused: "bad-credentials" }],
    ["eyes", "", { refused: "bad-credentials" }],
    ["eyes", undefined, { refused: "bad-credentials" }],
    ["nobody", "eyes-password", { refused: "bad-credentials" }],
    ["nobody", "", { refused: "bad-credentials" }],
    ["", "", { refused: "bad-credentials" }],
    [undefined, undefined, { refused: "bad-credentials" }],
    [ANONYMOUS, "", { refused: "bad-credentials" }],
    ["pair", "", { refused: "not-authorized" }],
    ["__proto__", "", { refused: "bad-credentials" }],
  ])("as %s with %s", async (username, password, expected) => {
    const { login } = await identityRoom({ accounts: [EYES] });
    expect(await login(username, password)).toEqual(expected);
  });

  test("with anonymous on, everybody without a name enters, and nobody may claim to be it", async () => {
    const { login } = await identityRoom({ anonymous: true });
    expect(await login(undefined, undefined)).toEqual({ account: ANONYMOUS });
    expect(await login(ANONYMOUS, "")).toEqual({ refused: "bad-credentials" });
    expect(await login("stranger", "x")).toEqual({ refused: "bad-credentials" });
  });

  test("who guesses has to wait, even with the right password, and a healthy device next door does not", async () => {
    const room = await identityRoom({ accounts: [EYES] });
    const { login, clock } = room;
    const secret = await grant(room, "lamp");
    for (let count = 0; count <= BACKOFF.client.free; count++) await login("eyes", "guess");
    expect(await login("eyes", EYES.password)).toEqual({ refused: "banned" });
    for (let count = 0; count < 200; count++) await login(`name-${count}`, "guess");
    expect(await login("newcomer", "guess")).toEqual({ refused: "banned" });
    expect(await login("lamp", secret), "a secret that nobody can guess").toEqual({ account: "lamp" });
    await clock.advance(BACKOFF.address.longestMs);
    expect(await login("eyes", EYES.password)).toEqual({ account: "eyes" });
    for (let count = 0; count < 200; count++) await login(`name-${count}`, "guess");
    expect(await login("eyes", EYES.password), "somebody who was let in before").toEqual({ account: "eyes" });
  });

  test("refusals are written down once a minute each, without what may be a secret", async () => {
    const { login, told, clock } = await identityRoom({ accounts: [EYES] });
    for (let count = 0; count < 3; count++) await login("eyes", "wrong", { clientId: `mqttx_${count}` });
    await login("x9mk2h4n7p3q5r8s6t2u4v7w9y3z5a8b", "in the wrong field");
    await clock.advance(60_000);
    expect(await told()).toEqual([
      "login-refused eyes: bad-credentials, on tcp",
      "login-refused (a name that nobody has): bad-credentials, on tcp",
      "login-refused eyes: bad-credentials, on tcp",
    ]);
  });
});

describe("a revocation", () => {
  test("ends rights and connections at once, durably, and is written down", async () => {
    const room = await identityRoom();
    const { identity, login, broker, store, told } = room;
    const secret = await grant(room, "lamp");
    expect(await login("lamp", secret)).toEqual({ account: "lamp" });
    broker.disconnected.length = 0;
    expect(await identity.grants.revoke("lamp", "minh")).toBe(true);
    expect(broker.disconnected).toEqual([{ username: "lamp", forget: true }]);
    expect(store.commits.at(-1)?.durability).toBe("power");
    expect(await login("lamp", secret)).toEqual({ refused: "bad-credentials" });
    expect(identity.mayPublish(client("lamp"), "homie/5/lamp/$state")).toBe(false);
    expect(identity.maySubscribe(client("lamp"), "homie/5/lamp/#")).toBe(false);
    expect(await identity.grants.revoke("lamp", "minh")).toBe(false);
    expect((await told()).slice(0, 2)).toEqual([
      "credential-granted lamp: device, homie",
      "credential-revoked lamp: ",
    ]);
    const again = await identityRoom({ store });
    expect(await again.login("lamp", secret)).toEqual({ refused: "bad-credentials" });
  });

  test("leaves its Things lost, for its will is refused with the rest", async () => {
    const room = await identityRoom();
    const { identity, registry, transactions, broker } = room;
    await grant(room, "lamp");
    await transactions.transact((unit) => {
      registry.announce({ id: "lamp", title: "Lamp", properties: {} }, "mqtt:lamp", unit);
      registry.setAvailability("lamp" as ThingId, "ready", unit);
      registry.announce({ id: "fan", title: "Fan", properties: {} }, "mqtt:fan", unit);
    });
    await identity.grants.revoke("lamp", "minh");
    await transactions.transact(() => undefined);
    expect(registry.get("lamp" as ThingId)?.availability).toBe("lost");
    expect(registry.get("fan" as ThingId)?.availability).not.toBe("lost");
    await expect.poll(() => broker.published).toMatchObject([{ topic: "homie/5/lamp/$state", retain: true }]);
  });

  test("reaches a client that was let in a moment before", async () => {
    const room = await identityRoom();
    const { identity, login, broker } = room;
    const secret = await grant(room, "lamp");
    expect(await login("lamp", secret)).toEqual({ account: "lamp" });
    await identity.grants.revoke("lamp", "minh");
    broker.disconnected.length = 0;
    identity.connected(client("lamp"));
    expect(broker.disconnected).toEqual([{ username: "lamp", forget: true }]);
  });

  test("ends them also while the store keeps nothing, and says that a power cut could undo it", async () => {
    const room = await identityRoom();
    const { identity, login, broker, store } = room;
    const secret = await grant(room, "lamp");
    store.failWith(new StoreError("read-only", "read-only"));
    broker.disconnected.length = 0;
    await expect(identity.grants.revoke("lamp", "minh")).rejects.toBeInstanceOf(StoreError);
    expect(await login("lamp", secret)).toEqual({ refused: "bad-credentials" });
    expect(broker.disconnected.at(-1)).toEqual({ username: "lamp", forget: true });
  });
});

describe("a grant", () => {
  test("that the store does not keep never was", async () => {
    const { identity, store } = await identityRoom();
    store.failWith(new StoreError("full", "disk full"));
    await expect(identity.grants.grant(LAMP, ONCE)).rejects.toThrow("disk full");
    expect(identity.credentials.get("lamp")).toBeUndefined();
  });

  test("of topics that are another's is refused", async () => {
    const plug = { username: "plug", password: "p", role: "device", topics: ["workshop/plug/"] } as const;
    const { identity } = await identityRoom({ accounts: [plug] });
    const ask = (id: string, filter: string) =>
      identity.grants.grant({ ...LAMP, id, topics: { read: [filter], write: [filter] } }, ONCE);
    expect(await ask("press", "workshop/press/#")).toMatchObject({ ok: true });
    expect(await ask("saw", "workshop/#")).toMatchObject({ ok: false, code: "topics-taken" });
    expect(await ask("saw", "workshop/press/force/#")).toMatchObject({ ok: false, code: "topics-taken" });
    expect(await ask("saw", "workshop/plug/#")).toMatchObject({ ok: false, code: "topics-taken" });
    expect(await ask("saw", "workshop/saw/#")).toMatchObject({ ok: true });
  });

  test("takes an id out of the reach of the account whose child it would have been, on live sessions too", async () => {
    const room = await identityRoom();
    const { identity, broker } = room;
    await grant(room, "lamp");
    expect(identity.maySubscribe(client("lamp"), "homie/5/lamp-2/#")).toBe(true);
    broker.sessionList = [session("l", "lamp", ["homie/5/lamp-2/#"]), session("e", "eyes", ["#"])];
    await grant(room, "lamp-2");
    expect(broker.disconnected.filter((who) => "username" in who && who.username === "lamp")).toHaveLength(2);
    expect(identity.maySubscribe(client("lamp"), "homie/5/lamp-2/#")).toBe(false);
    broker.sessionList = [session("l", "lamp", ["homie/5/lamp/#"])];
    await grant(room, "lamp-3");
    expect(broker.disconnected.filter((who) => "username" in who && who.username === "lamp")).toHaveLength(2);
  });
});

test("sessions of an earlier run end when their account is gone, or may less than it had subscribed to", async () => {
  const sessions = [
    session("a", "eyes", ["#"]),
    session("b", "gone", []),
    session("c", "fan", ["homie/5/#"]),
  ];
  const fan = { username: "fan", password: "p", role: "device" } as const;
  const { broker } = await identityRoom({ accounts: [EYES, fan], sessions });
  expect(broker.disconnected).toEqual([
    { username: "gone", forget: true },
    { username: "fan", forget: true },
  ]);
});

test("an account of the configuration goes before a credential of the same name, and people are told", async () => {
  const first = await identityRoom();
  const secret = await grant(first, "eyes");
  const { login, problems } = await identityRoom({ store: first.store, accounts: [EYES] });
  expect(problems).toMatchObject([{ code: "account", where: "mqtt.clients" }]);
  expect(await login("eyes", EYES.password)).toEqual({ account: "eyes" });
  expect(await login("eyes", secret)).toEqual({ refused: "bad-credentials" });
});

test("what a client was denied is written down once a minute for each topic", async () => {
  const room = await identityRoom({ accounts: [EYES] });
  for (let count = 0; count < 5; count++)
    room.identity.mayPublish(client("eyes"), "homie/5/lamp/light/on/set");
  room.identity.maySubscribe(client("eyes"), "$other/#");
  await room.clock.advance(60_000);
  await room.transactions.transact(() => undefined);
  const entries = (await room.audit.read(10)).map(({ action, subject, count }) => [action, subject, count]);
  expect(entries.reverse()).toEqual([
    ["publish-denied", "homie/5/lamp/light/on/set", undefined],
    ["subscribe-denied", "$other/#", undefined],
    ["publish-denied", "homie/5/lamp/light/on/set", 4],
  ]);
});
