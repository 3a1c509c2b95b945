import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { reachOf } from "./reach.ts";

const HTTP = { host: "0.0.0.0", port: 8080 };
const ANY = { protocol: "mqtt", host: "0.0.0.0", port: 1883 } as const;
const SECURE = { protocol: "mqtts", host: "::", port: 8883 } as const;

describe("the way to the gateway", () => {
  test("is the one that the caller came, and to the broker by the same name", () => {
    expect(reachOf("gateway.lan:8080", { http: HTTP, mqtt: [ANY, SECURE] })).toEqual({
      http: "http://gateway.lan:8080",
      mqtt: ["mqtts://gateway.lan:8883", "mqtt://gateway.lan:1883"],
    });
    expect(reachOf("[fd00::1]:8080", { http: HTTP, mqtt: [ANY] })).toEqual({
      http: "http://[fd00::1]:8080",
      mqtt: ["mqtt://[fd00::1]:1883"],
    });
  });

  test("is the gateway's own address for who names none, or none that is one", () => {
    for (const host of [
      undefined,
      "",
      "user@evil.example",
      "a/b",
      "a?b",
      "gateway.lan:99999",
      "x y",
      "[::1",
    ]) {
      const { http } = reachOf(host, { http: { host: "192.168.1.1", port: 8080 }, mqtt: [] });
      expect(http, String(host)).toBe("http://192.168.1.1:8080");
    }
  });

  test("leaves out what only this machine reaches, WebSockets, and what is not open", () => {
    const mqtt = [
      { protocol: "ws", host: "0.0.0.0", port: 9001 },
      { protocol: "mqtts", host: "0.0.0.0", port: 0 },
      { protocol: "mqtt", host: "127.0.0.1", port: 1883 },
    ] as const;
    expect(reachOf("gateway.lan:8080", { http: HTTP, mqtt }).mqtt).toEqual([]);
    expect(reachOf("localhost:8080", { http: HTTP, mqtt }).mqtt).toEqual(["mqtt://127.0.0.1:1883"]);
  });

  test("names the address of a door that has one of its own", () => {
    const mqtt = [{ protocol: "mqtt", host: "fd00::2", port: 1883 }] as const;
    expect(reachOf("gateway.lan", { http: HTTP, mqtt }).mqtt).toEqual(["mqtt://[fd00::2]:1883"]);
  });

  test("is an origin and nothing more, whatever is sent as a name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9_.:@[\]-]{0,40}$/)), (host) => {
        const { http, mqtt } = reachOf(host, { http: { host: "192.168.1.1", port: 8080 }, mqtt: [ANY] });
        const url = new URL(http);
        expect(url.origin).toBe(http);
        expect(new URL(mqtt[0] ?? "").hostname).not.toBe("");
      }),
    );
  });
});
