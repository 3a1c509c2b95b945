import { Compile } from "@tram/protocol/validator";
import { describe, expect, it } from "vitest";
import { BluemixBridgeConfig } from "./config.ts";

const validator = Compile(BluemixBridgeConfig);
const simplest = {
  id: "ibm",
  provider: "bluemix",
  host: "main.messaging.iot.mas.example.com",
  org: "main",
  gateway_type: "tram-gateway",
  password_file: "token",
};

describe("the configuration of a bridge to IBM", () => {
  it.each([
    simplest,
    {
      ...simplest,
      port: 8_883,
      gateway_id: "Farm.north_1",
      thing_type: "T-1",
      keepalive_s: 1_200,
      managed: false,
    },
    { ...simplest, ca_file: "root.pem", commands: ["pump"], manage: ["rules"], alarms: ["*/leak/*"] },
  ])("takes %j", (config) => {
    expect(validator.Check(config)).toBe(true);
  });

  it.each([
    [{ ...simplest, host: "mqtts://host" }, "/host"],
    [{ ...simplest, host: "user:secret@host" }, "/host"],
    [{ ...simplest, org: "a:b" }, "/org"],
    [{ ...simplest, gateway_type: "with space" }, "/gateway_type"],
    [{ ...simplest, gateway_id: "x".repeat(37) }, "/gateway_id"],
    [{ ...simplest, thing_type: "a/b" }, "/thing_type"],
    [{ ...simplest, keepalive_s: 10 }, "/keepalive_s"],
    [{ ...simplest, port: 0 }, "/port"],
    [{ ...simplest, url: "mqtt://host" }, "/url"],
  ])("refuses %j at %s", (config, path) => {
    expect(validator.Errors(config).map((error) => error.instancePath)).toContain(path);
  });
});
