import { Unit } from "@tram/core";
import type { Reading } from "@tram/protocol";
import { MemoryStore, RealClock } from "@tram/testkit";
import { afterEach, expect, it, vi } from "vitest";
import { openBridge } from "../../bridge.ts";
import { closeAll, cloud, said, TOKEN } from "../../testing/bluemix-house.ts";
import { EMPTY_HOUSE } from "../../testing/empty-house.ts";
import { QuietLog } from "../../testing/quiet-log.ts";

afterEach(closeAll);

it("keeps what a missing device has said, tells which one it is, and holds up nobody else", async () => {
  const at = await cloud();
  at.registry.autoRegister = false;
  at.registry.addDevice({ type: "tram-thing", id: "farm_lamp" });
  const store = new MemoryStore();
  await using bridge = await openBridge({
    config: {
      id: "ibm",
      provider: "bluemix",
      host: at.host,
      port: at.port,
      org: at.registry.org,
      gateway_type: "tram-gateway",
      password: TOKEN,
    },
    identity: { ca: at.rootCa },
    gateway: { id: "farm" },
    house: EMPTY_HOUSE,
    store,
    clock: new RealClock(),
    random: Math.random,
    log: new QuietLog(),
  });
  for (let value = 0; value < 20; value++) {
    const unit = new Unit(store, (error) => {
      throw error;
    });
    for (const thing of ["pump", "lamp"]) {
      const time = 1_767_600_000_000 + value;
      const origin = "device";
      bridge.offer(
        { thing, property: "a/b", value, quality: "good", time, receivedAt: time, origin } as Reading,
        unit,
      );
    }
    await unit.commit();
  }
  await vi.waitFor(() => expect(bridge.status().queued).toBe(20), 15_000);
  expect(said(at, "telemetry").map(({ a_b: value }) => value)).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  );
  expect(at.events().every(({ device }) => device.id === "farm_lamp")).toBe(true);
  expect(JSON.stringify(bridge.status())).toMatch(/farm_pump: create it in the device type/);
  expect(JSON.stringify(bridge.status())).not.toContain(TOKEN);
}, 30_000);
