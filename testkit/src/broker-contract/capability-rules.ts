import assert from "node:assert/strict";
import type { BrokerCapabilities } from "@tram/core";
import { BASE, type BrokerRoom, type BrokerRule } from "./broker-case.ts";
import { becomes, quiet, soon } from "./soon.ts";

type Probe = (room: BrokerRoom) => Promise<boolean>;

/** Finds out whether an engine has what it says to have: nobody is to trust a table that nobody tries. */
const PROBES: Readonly<Record<keyof BrokerCapabilities, Probe>> = {
  ownClients: async (room) => {
    room.house.rules.authenticate = () => ({ refused: "not-authorized" });
    return room.connect().then(
      () => false,
      () => true,
    );
  },

  acknowledgesWhenKept: async (room) => {
    const mouth = await room.connect();
    const release = room.house.store.hold();
    let acknowledged = false;
    const sent = mouth.send(`${BASE}/a`, "x").then(() => {
      acknowledged = true;
    });
    await becomes("the house was asked", () => room.house.payloads, ["x"]);
    await quiet();
    const early = acknowledged;
    release();
    await soon("the acknowledgement", sent);
    return !early;
  },

  mqtt5: (room) =>
    room.connect({}, 5).then(
      () => true,
      () => false,
    ),

  sharedSubscriptions: async (room) => {
    const [mouth, one, other] = [await room.connect(), await room.connect(), await room.connect()];
    // Where `$share` is an ordinary topic, or refused, nothing comes of it.
    for (const member of [one, other]) await member.subscribe(`$share/group/${BASE}/#`).catch(() => 0x80);
    for (let count = 0; count < 10; count++) await mouth.publish(`${BASE}/a`, String(count));
    await quiet();
    return one.heard.length + other.heard.length === 10;
  },

  durableSessions: async (room) => {
    const away = await room.connect({ id: "sleeper", clean: false });
    await away.subscribe(`${BASE}/#`);
    await away.disconnect();
    const mouth = await room.connect();
    await mouth.publish(`${BASE}/a`, "x");
    await room.restart();
    const back = await room.connect({ id: "sleeper", clean: false });
    await quiet();
    return back.sessionPresent && back.payloads.includes("x");
  },

  durableRetained: async (room) => {
    const mouth = await room.connect();
    await mouth.publish(`${BASE}/a`, "x", { retain: true });
    await room.restart();
    const later = await room.connect();
    await later.subscribe(`${BASE}/#`);
    await quiet();
    return later.payloads.includes("x");
  },
};

export const CAPABILITY_RULES: readonly BrokerRule[] = Object.entries(PROBES).map(([name, probe]) => ({
  name: `it says the truth about ${name}`,
  try: async (room) => {
    const claimed = room.supports[name as keyof BrokerCapabilities];
    assert.equal(await probe(room), claimed, `${name} is ${claimed ? "claimed" : "denied"}`);
  },
}));
