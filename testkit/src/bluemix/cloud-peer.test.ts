import type { CloudConnection, CloudMessage, CloudProvider, PublishOutcome } from "@tram/core";
import mqtt, { type MqttClient } from "mqtt";
import { describe, it } from "vitest";
import { type ProviderHarness, providerContract } from "../provider-contract.ts";
import { Bluemix } from "./bluemix.ts";
import { bluemixPeer } from "./cloud-peer.ts";
import { GATEWAY, optionsOf, TOKEN } from "./testing/gateway.ts";

/** The least that is a provider: one event a message, and its PUBACK. What is under test is the peer. */
class PlainProvider implements CloudProvider {
  readonly name = "plain";
  readonly maxInFlight = 50;
  readonly #cloud: Bluemix;

  constructor(cloud: Bluemix) {
    this.#cloud = cloud;
  }

  sizeOf(message: CloudMessage): number {
    return JSON.stringify(message).length;
  }

  connect(signal: AbortSignal): Promise<CloudConnection> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const client = mqtt.connect(optionsOf(this.#cloud));
      const fail = (reason: Error): void => {
        client.end(true);
        reject(reason);
      };
      signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });
      client.once("error", fail);
      client.once("close", () => fail(new Error("the cloud has hung up")));
      client.once("connect", () => resolve(connectionOf(client)));
    });
  }
}

function connectionOf(client: MqttClient): CloudConnection {
  const closed = new Promise<string>((resolve) => client.once("close", () => resolve("the line was lost")));
  const publishOne = async ({ id, value }: CloudMessage): Promise<PublishOutcome> => {
    const payload = JSON.stringify({ id, value });
    if (payload.length > 131_072) return { outcome: "rejected", reason: "too long for IBM" };
    if (!client.connected) return { outcome: "retry", reason: "the line was lost" };
    const topic = `iot-2/type/${GATEWAY.type}/id/${GATEWAY.id}/evt/telemetry/fmt/json`;
    const acknowledged = client.publishAsync(topic, payload, { qos: 1 }).then(
      () => true,
      () => false,
    );
    const done = await Promise.race([acknowledged, closed.then(() => false)]);
    return done ? { outcome: "acknowledged" } : { outcome: "retry", reason: "the line was lost" };
  };
  return {
    closed,
    publish: (batch) => Promise.all(batch.map(publishOne)),
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

async function open(): Promise<ProviderHarness> {
  const cloud = await Bluemix.open();
  cloud.registry.addGateway(GATEWAY, TOKEN);
  return {
    provider: () => new PlainProvider(cloud),
    peer: bluemixPeer(cloud),
    unacceptable: {
      id: "too long",
      class: "telemetry",
      group: "pump",
      thing: "pump",
      name: "a/b",
      time: 0,
      value: "x".repeat(140_000),
      quality: "good",
    },
    secrets: [TOKEN],
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  };
}

describe("the double of IBM's platform under the provider contract", () => {
  for (const { name, run } of providerContract(open)) it(name, run);
});
