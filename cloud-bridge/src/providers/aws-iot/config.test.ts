import { Compile } from "@tram/protocol/validator";
import { describe, expect, it } from "vitest";
import { AwsIotBridgeConfig } from "./config.ts";

const validator = Compile(AwsIotBridgeConfig);
const simplest = {
  id: "aws",
  provider: "aws-iot",
  endpoint: "a1b2-ats.iot.eu-central-1.amazonaws.com",
  ca_file: "root.pem",
  cert_file: "gateway.pem",
  key_file: "gateway.key",
};

describe("the configuration of a bridge to AWS IoT", () => {
  it.each([
    simplest,
    { ...simplest, port: 443, thing_name: "Farm:north-1", child_shadows: "classic", keepalive_s: 1_200 },
    { ...simplest, topic_prefix: "a/b/c/d", commands: ["pump"], manage: ["rules"], alarms: ["*/leak/*"] },
  ])("takes %j", (config) => {
    expect(validator.Check(config)).toBe(true);
  });

  it.each([
    [{ ...simplest, endpoint: "mqtts://host" }, "/endpoint"],
    [{ ...simplest, endpoint: "user:secret@host" }, "/endpoint"],
    [{ ...simplest, thing_name: "farm--2" }, "/thing_name"],
    [{ ...simplest, thing_name: "farm-" }, "/thing_name"],
    [{ ...simplest, thing_name: "x".repeat(65) }, "/thing_name"],
    [{ ...simplest, keepalive_s: 10 }, "/keepalive_s"],
    [{ ...simplest, topic_prefix: "a/b/c/d/e" }, "/topic_prefix"],
    [{ ...simplest, topic_prefix: "$aws/things" }, "/topic_prefix"],
    [{ ...simplest, child_shadows: "some" }, "/child_shadows"],
    [{ ...simplest, url: "mqtt://host" }, "/url"],
  ])("refuses %j at %s", (config, path) => {
    expect(validator.Errors(config).map((error) => error.instancePath)).toContain(path);
  });
});
