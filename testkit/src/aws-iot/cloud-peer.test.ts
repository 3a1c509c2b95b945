import type { CloudConnection, CloudMessage, CloudProvider, PublishOutcome } from "@tram/core";
import mqtt, { type MqttClient } from "mqtt";
import { describe, it } from "vitest";
import { type ProviderHarness, providerContract } from "../provider-contract.ts";
import { AwsIot, type Enrollment, gatewayPolicy } from "./aws-iot.ts";
import { awsIotPeer } from "./cloud-peer.ts";
import { AWS_IOT_LIMITS } from "./limits.ts";
import { tlsOf } from "./testing/device.ts";
import { isTopic } from "./topic-filter.ts";

/** The least that is a provider: one publish a message, and its PUBACK. What is under test is the peer. */
class PlainProvider implements CloudProvider {
  readonly name = "plain";
  readonly maxInFlight = 50;
  readonly #aws: AwsIot;
  readonly #who: Enrollment;

  constructor(aws: AwsIot, who: Enrollment) {
    this.#aws = aws;
    this.#who = who;
  }

  sizeOf(message: CloudMessage): number {
    return JSON.stringify(message).length;
  }

  connect(signal: AbortSignal): Promise<CloudConnection> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const client = mqtt.connect({ ...tlsOf(this.#aws, this.#who), clientId: this.#who.thing });
      const fail = (reason: Error): void => {
        client.end(true);
        reject(reason);
      };
      signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });
      client.once("error", fail);
      client.once("close", () => fail(new Error("the cloud has hung up")));
      client.once("connect", () => resolve(connectionOf(client, `tram/${this.#who.thing}`)));
    });
  }
}

function connectionOf(client: MqttClient, prefix: string): CloudConnection {
  const closed = new Promise<string>((resolve) => client.once("close", () => resolve("the line was lost")));
  const publishOne = async ({ id, thing, name, value }: CloudMessage): Promise<PublishOutcome> => {
    const topic = `${prefix}/${thing}/${name}`;
    if (!isTopic(topic, AWS_IOT_LIMITS)) return { outcome: "rejected", reason: "no topic for AWS IoT" };
    if (!client.connected) return { outcome: "retry", reason: "the line was lost" };
    const sent = client.publishAsync(topic, JSON.stringify({ id, value }), { qos: 1 });
    const acknowledged = sent.then(
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
  const aws = await AwsIot.open();
  const who = aws.enroll("gw", [gatewayPolicy()]);
  return {
    provider: () => new PlainProvider(aws, who),
    peer: awsIotPeer(aws),
    unacceptable: {
      id: "too deep",
      class: "telemetry",
      group: "pump",
      thing: "pump",
      name: "a/b/c/d/e/f",
      time: 0,
      value: 1,
      quality: "good",
    },
    secrets: [who.key],
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  };
}

describe("the double under the provider contract", () => {
  for (const { name, run } of providerContract(open)) it(name, run);
});
