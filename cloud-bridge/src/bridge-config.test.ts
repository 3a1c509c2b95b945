import { Compile } from "@tram/protocol/validator";
import { describe, expect, it } from "vitest";
import { BRIDGE_FORMS } from "./bridge-config.ts";

const validator = Compile(BRIDGE_FORMS.mqtt);
const simplest = { id: "up", provider: "mqtt", url: "mqtt://host:1883", username: "u", password: "p" };

describe("the configuration of a bridge", () => {
  it.each([
    simplest,
    { id: "up", provider: "mqtt", url: "mqtts://[::1]" },
    {
      ...simplest,
      protocol_version: 5,
      keepalive_s: 60,
      topic_prefix: "farm/north",
      things: ["pump", "fan/motor/speed"],
    },
    { ...simplest, queue_rows: 10_000, queue_mb: 16, client_id: "me", password_file: "secret" },
    { ...simplest, things: ["sensor-*", "*/air/*"], areas: ["garden"], properties: ["*/temperature"] },
    { ...simplest, rate_s: 2.5, on_change: true, deadband: 0.5, deadband_percent: 5, alarms: ["*/leak/*"] },
    { ...simplest, commands: "all", command_ttl_s: 30, manage: ["rules", "config"] },
    { ...simplest, commands: ["pump", "fan/motor/speed"] },
    { ...simplest, topic: "a/{property}", payload: { v: "{value}" }, state: "latest" },
    { ...simplest, payload: "{value}" },
    { ...simplest, ca_file: "ca.pem", cert_file: "c.pem", key_file: "k.pem", alpn: ["mqtt"] },
    { ...simplest, format: "homie" },
  ])("takes %j", (config) => {
    expect(validator.Check(config)).toBe(true);
  });

  it.each([
    [{ ...simplest, url: "mqtt://user:secret@host" }, "/url"],
    [{ ...simplest, url: "http://host" }, "/url"],
    [{ ...simplest, provider: "carrier-pigeon" }, "/provider"],
    [{ ...simplest, protocol_version: 3 }, "/protocol_version"],
    [{ ...simplest, topic_prefix: "a/#" }, "/topic_prefix"],
    [{ ...simplest, topic_prefix: "/a" }, "/topic_prefix"],
    [{ ...simplest, things: ["pump/motor"] }, "/things/0"],
    [{ ...simplest, topic_prefix: "$SYS/a" }, "/topic_prefix"],
    [{ ...simplest, things: ["pump/*"] }, "/things/0"],
    [{ ...simplest, commands: "some" }, "/commands"],
    [{ ...simplest, command_ttl_s: 0 }, "/command_ttl_s"],
    [{ ...simplest, manage: ["users"] }, "/manage/0"],
    [{ ...simplest, id: "Up There" }, "/id"],
    [{ ...simplest, topicprefix: "a" }, "/topicprefix"],
  ])("refuses %j at %s", (config, path) => {
    expect(validator.Errors(config).map((error) => error.instancePath)).toContain(path);
  });
});
