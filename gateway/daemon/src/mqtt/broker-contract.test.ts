import { type BrokerHarness, brokerContract } from "@tram/testkit";
import { describe, test } from "vitest";
import { openAedesBroker } from "./aedes-broker.ts";
import { ENGINES } from "./engines.ts";
import { openExternalBroker } from "./external/external-broker.ts";
import { Mosquitto, mosquittoIsMissing } from "./external/testing/mosquitto.ts";
import { Listeners } from "./listeners/listeners.ts";
import { FRAME_BYTES, specOf } from "./listeners/testing/door.ts";
import { Retained } from "./retained.ts";

async function aedes(): Promise<BrokerHarness> {
  return {
    open: async ({ clock, hooks, log, store }) => {
      const retained = new Retained(log);
      const remembered = await retained.restore(store);
      const broker = await openAedesBroker({ retained, remembered }, hooks, { clock, log });
      const { attach } = broker;
      const parts = { attach, clock, log, tls: undefined, frameBytes: FRAME_BYTES, hosts: [] };
      const listeners = await Listeners.open([specOf()], { ...parts, onChange: () => undefined });
      return {
        broker,
        port: listeners.addresses[0]?.port ?? 0,
        close: async () => {
          listeners.close();
          await broker.close();
        },
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function external(): Promise<BrokerHarness> {
  const mosquitto = await Mosquitto.open({ persistence: true });
  return {
    open: async ({ clock, hooks, log }) => {
      const up = Promise.withResolvers<void>();
      const broker = openExternalBroker(
        {
          url: mosquitto.url,
          clientId: "house",
          version: "auto",
          keepAliveSeconds: 30,
          sessionExpirySeconds: 600,
        },
        hooks,
        {
          clock,
          log,
          random: () => 0,
          filters: ["homie/5/#"],
          will: { topic: "homie/5/house/$state", payload: Buffer.from("lost"), qos: 1, retain: true },
          isOwn: ({ topic }) => topic === "homie/5/house/$state",
          onSilence: () => undefined,
          onChange: () => up.resolve(),
        },
      );
      await up.promise;
      return { broker, port: mosquitto.port, close: () => broker.close() };
    },
    [Symbol.asyncDispose]: () => mosquitto[Symbol.asyncDispose](),
  };
}

describe("aedes keeps the contract of every engine", () => {
  for (const { name, run } of brokerContract({ supports: ENGINES.aedes, harness: aedes })) test(name, run);
});

describe.skipIf(mosquittoIsMissing())("an external mosquitto keeps the contract of every engine", () => {
  const checks = brokerContract({ supports: ENGINES.external, harness: external });
  for (const { name, run } of checks) test(name, run);
});
