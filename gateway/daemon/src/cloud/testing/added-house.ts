import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bridge, type BridgeHouse, openBridge } from "@tram/cloud-bridge";
import { Unit } from "@tram/core";
import type { Reading } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import type { AuditEntry } from "../../audit/audit-log.ts";
import type { CloudSettings } from "../../config/check.ts";
import { AddedClouds } from "../added-clouds.ts";
import { CloudFolders } from "../cloud-folders.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const HOUSE: BridgeHouse = {
  ask: async () => ({ outcome: "refused", code: "forbidden", reason: "nobody is at home" }),
  readings: () => [],
  things: () => [],
  describe: () => undefined,
  facts: () => undefined,
  areaOf: () => undefined,
  onThing: () => ({ [Symbol.dispose]: () => undefined }),
  turnedAway: () => undefined,
};

/** A gateway `house` to which clouds are added, with bridges that connect. */
export class AddedHouse implements AsyncDisposable {
  readonly data = mkdtempSync(join(tmpdir(), "added-clouds-"));
  readonly clock = new VirtualClock({ wall: Date.now() });
  readonly store = new MemoryStore();
  readonly bridges: Bridge[] = [];
  readonly audited: AuditEntry[] = [];
  /** So often somebody was told to look again. */
  changes = 0;

  /** As after a start: it reads what is in the folder. */
  gateway(configured: readonly CloudSettings[] = []) {
    const { audited, bridges, clock, data, store } = this;
    const folders = new CloudFolders(join(data, "cloud"));
    const added = new AddedClouds({
      folders,
      gateway: "house",
      configured,
      store,
      clock,
      log: silent,
      audit: (entry) => audited.push(entry),
      onChange: () => {
        this.changes++;
      },
      clouds: {
        bridges,
        add: async (cloud) => {
          const parts = {
            gateway: { id: "house" },
            house: HOUSE,
            store,
            clock,
            random: () => 0.5,
            log: silent,
          };
          bridges.push(await openBridge({ ...cloud, ...parts }));
        },
        remove: async (id) => {
          const at = bridges.findIndex((bridge) => bridge.id === id);
          await bridges.splice(at, 1)[0]?.[Symbol.asyncDispose]();
        },
      },
    });
    return { added, folders };
  }

  /** A reading of the pump, for the first bridge. */
  async offer(value: number): Promise<void> {
    const reading = {
      thing: "pump",
      property: "motor/power",
      value,
      quality: "good",
      time: this.clock.now(),
      receivedAt: this.clock.now(),
      origin: "device",
    } as unknown as Reading;
    const unit = new Unit(this.store, (error) => {
      throw error;
    });
    this.bridges[0]?.offer(reading, unit);
    await unit.commit();
  }

  /** A file of the cloud `up`. */
  file(name: string): string {
    return readFileSync(join(this.data, "cloud/up", name), "utf8");
  }

  /** What is kept. */
  left(): readonly string[] {
    return readdirSync(this.data).flatMap((name) => readdirSync(join(this.data, name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bridge of this.bridges) await bridge[Symbol.asyncDispose]();
    rmSync(this.data, { recursive: true, force: true });
  }
}
