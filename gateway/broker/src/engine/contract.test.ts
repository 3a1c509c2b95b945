import { AssertionError } from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { BrokerCapabilities, BrokerHooks } from "@tram/core";
import { type BrokerHarness, brokerContract } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { openTramBroker, type TramBroker } from "../index.ts";
import { TRAM_CAPABILITIES } from "./capabilities.ts";

/** What is wrong with an engine. */
interface Fault {
  /** Answers the house's questions for it. */
  readonly hooks?: (hooks: BrokerHooks) => BrokerHooks;
  readonly broker?: (broker: TramBroker) => TramBroker;
  /** Loses what was kept at each restart. */
  readonly forgetful?: boolean;
}

/** The own engine behind a plain server, or one that a fault has made of it. */
async function harness({ broker: spoil, forgetful, hooks }: Fault = {}): Promise<BrokerHarness> {
  return {
    open: async (house) => {
      const store = forgetful
        ? new Proxy(house.store, {
            get: (target, name) => {
              if (name === "entries") return async () => new Map();
              const value = Reflect.get(target, name) as unknown;
              return typeof value === "function" ? value.bind(target) : value;
            },
          })
        : house.store;
      const engine = await openTramBroker({}, hooks?.(house.hooks) ?? house.hooks, { ...house, store });
      const server = createServer((socket) =>
        engine.attach(socket, { address: "127.0.0.1", listener: "tcp" }),
      );
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return {
        broker: spoil?.(engine) ?? engine,
        port: (server.address() as AddressInfo).port,
        close: async () => {
          server.close();
          await engine.close();
        },
      };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const supports = TRAM_CAPABILITIES;

describe("our own engine keeps the contract of every engine", () => {
  for (const { name, run } of brokerContract({ supports, harness })) test(name, run);
});

/** An engine with some of its methods replaced. */
const but =
  (change: (broker: TramBroker) => Partial<TramBroker>) =>
  (broker: TramBroker): TramBroker =>
    new Proxy(broker, {
      get: (target, name) => {
        const changed = change(target) as Record<PropertyKey, unknown>;
        if (name in changed) return changed[name];
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });

const nothing = { [Symbol.dispose]: () => undefined };

describe("the contract catches an engine that", () => {
  const broken: readonly [what: string, fault: Fault, rule: RegExp][] = [
    [
      "acknowledges before it has kept",
      {
        hooks: (hooks) => ({
          ...hooks,
          accept: (client, message, enlist) => {
            void Promise.resolve(hooks.accept(client, message, enlist)).catch(() => undefined);
            return true;
          },
        }),
      },
      /no acknowledgement before the message is kept/,
    ],
    [
      "turns a failing disk into a refusal",
      {
        hooks: (hooks) => ({
          ...hooks,
          accept: async (client, message, enlist) => {
            try {
              return await hooks.accept(client, message, enlist);
            } catch {
              throw new Error("refused");
            }
          },
        }),
      },
      /is not acknowledged but routed once/,
    ],
    [
      "routes what is swallowed",
      {
        hooks: (hooks) => ({
          ...hooks,
          accept: async (client, message, enlist) => {
            await hooks.accept(client, message, enlist);
            return true;
          },
        }),
      },
      /the house swallows/,
    ],
    [
      "takes what is refused",
      {
        hooks: (hooks) => ({
          ...hooks,
          accept: async (client, message, enlist) => {
            await Promise.resolve(hooks.accept(client, message, enlist)).catch(() => undefined);
            return true;
          },
        }),
      },
      /the house refuses is refused/,
    ],
    [
      "lets everybody in",
      { hooks: (hooks) => ({ ...hooks, authenticate: async () => ({ account: "somebody" }) }) },
      /nobody comes in without an account/,
    ],
    [
      "asks nobody who may publish",
      { hooks: (hooks) => ({ ...hooks, mayPublish: () => true }) },
      /publication that/,
    ],
    [
      "asks nobody about wills",
      { hooks: (hooks) => ({ ...hooks, mayPublish: () => true }) },
      /a will that is not/,
    ],
    [
      "asks nobody who may listen",
      { hooks: (hooks) => ({ ...hooks, maySubscribe: () => true }) },
      /subscription that/,
    ],
    [
      "shows the house another client each time",
      {
        hooks: (hooks) => ({
          ...hooks,
          disconnected: (client, reason) => hooks.disconnected({ ...client }, reason),
        }),
      },
      /the same object from the login to the end/,
    ],
    ["says that it has sent", { broker: but(() => ({ send: () => true })) }, /a message to one connection/],
    [
      "says that it has disconnected",
      { broker: but(() => ({ disconnect: () => 1 })) },
      /an account or a client id is disconnected/,
    ],
    [
      "never asks again",
      { broker: but(() => ({ askAgain: () => undefined })) },
      /3\.1\.1: what was not kept is offered again/,
    ],
    [
      "retains nothing of the gateway",
      {
        broker: but((engine) => ({
          publish: (message) => engine.publish({ ...message, retain: false }),
        })),
      },
      /the gateway publishes to clients/,
    ],
    [
      "tells listeners nothing",
      { broker: but(() => ({ subscribe: () => nothing })) },
      /a listener in the process hears/,
    ],
    [
      "never stops telling",
      {
        broker: but((engine) => ({
          subscribe: (...args: Parameters<TramBroker["subscribe"]>) => {
            engine.subscribe(...args);
            return nothing;
          },
        })),
      },
      /a listener in the process hears/,
    ],
    ["forgets at each start", { forgetful: true }, /the truth about durable/],
  ];
  test.concurrent.each(broken)("%s", async (_what, fault, rule) => {
    const checks = brokerContract({ supports, harness: () => harness(fault) });
    const found = checks.find(({ name }) => rule.test(name));
    const failure: unknown = await found?.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(AssertionError);
  });

  test("claims what it has not, or hides what it has", async () => {
    for (const claim of Object.keys(supports) as (keyof BrokerCapabilities)[]) {
      const lie = { ...supports, [claim]: false };
      const checks = brokerContract({ supports: lie, harness });
      const check = checks.find(({ name }) => name.endsWith(`the truth about ${claim}`));
      await expect(check?.run()).rejects.toBeInstanceOf(AssertionError);
    }
  });
});
