import { describe, expect, it } from "vitest";
import type { BridgeConfig } from "./bridge-config.ts";
import { bridgeProblems } from "./bridge-config-check.ts";

const tls = { id: "up", provider: "mqtt", url: "mqtts://host" } as const;
const aws = { id: "aws", provider: "aws-iot", endpoint: "a1-ats.iot.eu-central-1.amazonaws.com" } as const;
const ibm = {
  id: "ibm",
  provider: "bluemix",
  host: "main.messaging.iot.example.com",
  org: "main",
  gateway_type: "gw",
} as const;
const plain = { ...tls, url: "mqtt://host" } as const;

describe("what the schema cannot say of a bridge", () => {
  it.each<[BridgeConfig]>([
    [plain],
    [{ ...tls, ca_file: "ca.pem" }],
    [{ ...tls, cert_file: "c.pem", key_file: "k.pem", alpn: ["mqtt"] }],
    [{ ...plain, topic: "a/{name}", payload: { v: "{value}" } }],
    [{ ...plain, format: "homie", commands: "all" }],
    [{ ...aws, cert_file: "c.pem", key_file: "k.pem" }],
    [{ ...ibm, password: "t" }],
    [{ ...ibm, password_file: "token", ca_file: "ca.pem" }],
  ])("is sound in %j", (config) => {
    expect(bridgeProblems(config)).toEqual([]);
  });

  it.each<[BridgeConfig, readonly string[]]>([
    [{ ...tls, cert_file: "c.pem" }, ["key_file"]],
    [{ ...tls, key_file: "k.pem" }, ["cert_file"]],
    // Certificates that nobody looks at would let believe that there is TLS.
    [{ ...plain, ca_file: "ca.pem", alpn: ["mqtt"] }, ["ca_file", "alpn"]],
    [{ ...plain, topic: "a/{nme}" }, ["topic"]],
    [{ ...plain, payload: { a: { b: "{vlaue}" } } }, ["payload.a.b"]],
    [{ ...plain, payload: "{vlaue}" }, ["payload"]],
    [aws, ["cert_file", "key_file"]],
    [ibm, ["password_file"]],
    [{ ...ibm, password: "t", cert_file: "c.pem" }, ["key_file"]],
    [{ ...plain, format: "homie", topic: "a/{name}", topic_prefix: "b" }, ["topic", "topic_prefix"]],
  ])("is wrong in %j at %j", (config, paths) => {
    expect(bridgeProblems(config).map(({ path }) => path)).toEqual(paths);
  });
});
