import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { HalfOpen } from "./half-open.ts";
import { interfaceAddresses } from "./interface-addresses.ts";
import { Listeners, type ListenersParts } from "./listeners.ts";
import { FRAME_BYTES, listeningLog, specOf } from "./testing/door.ts";

const WATCH_MS = 5_000;

function parts(
  more: Partial<ListenersParts> = {},
): ListenersParts & { clock: VirtualClock; changes: number } {
  const made = {
    attach: (stream: { destroy(): void }) => void stream.destroy(),
    clock: new VirtualClock(),
    log: listeningLog().log,
    tls: undefined,
    frameBytes: FRAME_BYTES,
    hosts: [],
    changes: 0,
    onChange: () => void made.changes++,
    ...more,
  };
  return made as ReturnType<typeof parts>;
}

async function reach(host: string, port: number): Promise<Socket> {
  const socket = connect(port, host);
  await once(socket, "connect");
  return socket;
}

describe("a listener on an interface", () => {
  test("that is not there yet is a problem, and opens when it comes", async () => {
    let addresses: string[] = [];
    const given = parts({ addressesOf: () => addresses });
    const listeners = await Listeners.open([specOf({ interface: "br-lan" })], given);
    expect(listeners.problems).toEqual([
      { code: "listener", where: "mqtt.listeners[0]", problem: "the interface br-lan has no address" },
    ]);
    addresses = ["127.0.0.1"];
    await given.clock.advance(WATCH_MS);
    await expect.poll(() => listeners.addresses).toMatchObject([{ host: "127.0.0.1", protocol: "mqtt" }]);
    expect(listeners.problems).toEqual([]);
    expect(given.changes).toBe(2);
    listeners.close();
  });

  test("follows its addresses", async () => {
    let addresses = ["127.0.0.1", "127.0.0.2"];
    const given = parts({ addressesOf: () => addresses });
    const listeners = await Listeners.open([specOf({ interface: "br-lan" })], given);
    const [first, second] = listeners.addresses;
    addresses = ["127.0.0.2", "127.0.0.3"];
    await given.clock.advance(WATCH_MS);
    await expect.poll(() => listeners.addresses.map(({ host }) => host)).toEqual(["127.0.0.2", "127.0.0.3"]);
    await expect(reach("127.0.0.1", first?.port ?? 0)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    (await reach("127.0.0.2", second?.port ?? 0)).destroy();
    listeners.close();
  });

  test("whose port another program holds opens when it is free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const given = parts({ addressesOf: () => ["127.0.0.1"] });
    const listeners = await Listeners.open([specOf({ interface: "br-lan", port })], given);
    expect(listeners.problems[0]?.problem).toMatch(/another program holds it/);
    other.close();
    await once(other, "close");
    await given.clock.advance(WATCH_MS);
    await expect.poll(() => listeners.problems).toEqual([]);
    listeners.close();
  });

  test("a link-local address carries its zone", () => {
    const common = { netmask: "", mac: "", internal: false, cidr: null };
    const found = interfaceAddresses("br-lan", {
      "br-lan": [
        { ...common, address: "192.168.1.1", family: "IPv4" },
        { ...common, address: "fd00::1", family: "IPv6", scopeid: 0 },
        { ...common, address: "fe80::1", family: "IPv6", scopeid: 7 },
      ],
    });
    expect(found).toEqual(["192.168.1.1", "fd00::1", "fe80::1%br-lan"]);
    expect(interfaceAddresses("wan", {})).toEqual([]);
  });
});

describe("a listener on an address", () => {
  test("whose port is taken is refused, and those before it are closed", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port: first } = free.address() as { port: number };
    free.close();
    await once(free, "close");
    const specs = [specOf({ id: "a", port: first }), specOf({ id: "b", port, key: "mqtt.listeners[1]" })];
    await expect(Listeners.open(specs, parts())).rejects.toMatchObject({
      code: "port",
      message: expect.stringMatching(/^mqtt\.listeners\[1\]: .*another program holds it/),
    });
    await expect(reach("127.0.0.1", first)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    other.close();
  });

  test("without the certificate that it wants is a problem, and the others open", async () => {
    const specs = [specOf({ id: "safe", protocol: "mqtts" }), specOf({ id: "plain" })];
    const listeners = await Listeners.open(specs, parts());
    expect(listeners.problems).toMatchObject([{ problem: expect.stringMatching(/there is no certificate/) }]);
    expect(listeners.addresses).toMatchObject([{ listener: "plain" }]);
    listeners.close();
  });

  test("lets in as many as it may, and one more when one has left", async () => {
    const attached: Socket[] = [];
    const attach = (stream: unknown): void => void attached.push(stream as Socket);
    const listeners = await Listeners.open([specOf({ connections: 2 })], parts({ attach }));
    const port = listeners.addresses[0]?.port ?? 0;
    const clients = [await reach("127.0.0.1", port), await reach("127.0.0.1", port)];
    const third = await reach("127.0.0.1", port);
    await once(third, "close");
    expect(attached).toHaveLength(2);
    for (const socket of attached) socket.resume();
    clients[0]?.end();
    await once(attached[0] as Socket, "close");
    clients.push(await reach("127.0.0.1", port));
    await expect.poll(() => attached.length).toBe(3);
    for (const socket of [...clients, ...attached]) socket.destroy();
    listeners.close();
  });
});

test("of those in a handshake the one that has waited longest makes room", async () => {
  const halfOpen = new HalfOpen(2);
  const server = createServer((socket) => halfOpen.came(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const clients = [await reach("127.0.0.1", port), await reach("127.0.0.1", port)];
  await expect.poll(() => halfOpen.size).toBe(2);
  const oldest = once(clients[0] as Socket, "close");
  clients.push(await reach("127.0.0.1", port));
  await oldest;
  expect(halfOpen.size).toBe(2);
  clients[1]?.destroy();
  await expect.poll(() => halfOpen.size).toBe(1);
  halfOpen.cut();
  await once(clients[2] as Socket, "close");
  server.close();
});
