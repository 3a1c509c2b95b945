import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { isLocalAddress, isNeighbour, servesHost } from "./names.ts";

describe("names of the gateway", () => {
  it("are addresses, single words, local domains, the host's own and the configured ones", () => {
    const good = [
      "192.168.1.1",
      "192.168.1.1:8080",
      "[fe80::1]:8080",
      "localhost:8080",
      "tram",
      "Gateway.LAN:8080",
    ];
    for (const host of [
      ...good,
      "tram.local",
      "tram.local.:80",
      "a.b.home.arpa",
      hostname(),
      "iot.example.org:8080",
    ]) {
      expect(servesHost(host, ["iot.example.org"]), host).toBe(true);
    }
    expect(servesHost(undefined, [])).toBe(true);
  });

  it("are not the names of other people's domains, whatever they look like", () => {
    const bad = [
      "evil.example",
      "evil.example:8080",
      "192.168.1.1.evil.example",
      "lan.evil.com",
      "",
      "a b",
      "evil.com#.lan",
    ];
    for (const host of [...bad, "1.2.3.4.5", "http://x", "evil.com\\.lan"])
      expect(servesHost(host, []), host).toBe(false);
  });
});

describe("a neighbour", () => {
  it("is a page of the same host on any port", () => {
    expect(isNeighbour("http://192.168.1.1", "192.168.1.1:8080")).toBe(true);
    expect(isNeighbour("https://Router.lan", "router.lan:8080")).toBe(true);
    expect(isNeighbour("http://[fd00::1]", "[fd00::1]:8080")).toBe(true);
    for (const origin of [
      "http://evil.example",
      "null",
      "http://192.168.1.1.evil.example",
      "file://",
      "http://router.lan@evil",
    ]) {
      expect(isNeighbour(origin, "router.lan:8080"), origin).toBe(false);
    }
    expect(isNeighbour(undefined, "a")).toBe(false);
  });
});

describe("a local address", () => {
  it("is private, link-local or loopback", () => {
    for (const address of [
      "10.1.2.3",
      "192.168.1.7",
      "172.31.0.1",
      "127.0.0.1",
      "::1",
      "fe80::1%br-lan",
      "fd12::1",
      "::ffff:192.168.1.2",
    ]) {
      expect(isLocalAddress(address), address).toBe(true);
    }
    for (const address of [
      "8.8.8.8",
      "172.32.0.1",
      "192.169.0.1",
      "2001:db8::1",
      "::ffff:8.8.8.8",
      "",
      "100.64.0.1",
    ]) {
      expect(isLocalAddress(address), address).toBe(false);
    }
  });
});
