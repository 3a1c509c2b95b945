import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, type TLSSocket, type TlsOptions, connect as tlsConnect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Pair, TestAuthority } from "./testing/certificates.ts";
import { type Door, openDoor, specOf } from "./testing/door.ts";
import { identityOfFiles, type TlsIdentity } from "./tls-identity.ts";

let authority: TestAuthority;
let elsewhere: TestAuthority;
let server: Pair;
let lamp: Pair;

beforeAll(() => {
  authority = new TestAuthority();
  elsewhere = new TestAuthority();
  server = authority.issue("gateway", "server");
  lamp = authority.issue("lamp", "client");
});

afterAll(() => {
  authority[Symbol.dispose]();
  elsewhere[Symbol.dispose]();
});

function identity(): TlsIdentity {
  return identityOfFiles({ ...server, ca: authority.ca });
}

/** A CONNECT of 3.1.1 with a clean session and an id of one letter. */
const CONNECT = Buffer.from("100d00044d5154540402000000016c", "hex");

function dial(door: Door, options: ConnectionOptions = {}): TLSSocket {
  const trusted = { ca: readFileSync(authority.ca), host: "127.0.0.1" };
  const socket = tlsConnect({ port: door.port("door"), ...trusted, ...options });
  socket.on("error", () => undefined);
  return socket;
}

/** Knocks and says CONNECT. @returns the return code of CONNACK, or `closed`. */
async function login(door: Door, options: ConnectionOptions = {}): Promise<number | "closed"> {
  const socket = dial(door, options);
  socket.once("secureConnect", () => socket.write(CONNECT));
  const answer = await new Promise<number | "closed">((resolve) => {
    socket.once("data", (data) => resolve(data[3] ?? -1));
    socket.once("close", () => resolve("closed"));
  });
  socket.destroy();
  return answer;
}

function shown({ cert, key }: Pair): ConnectionOptions {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

describe("a client's certificate", () => {
  test("is its account, where the listener looks at it", async () => {
    await using door = await openDoor([specOf({ protocol: "mqtts", clientCertificates: "optional" })], {
      tls: identity(),
    });
    expect(await login(door, shown(lamp))).toBe(0);
    expect(door.logins[0]?.certificate).toEqual({
      commonName: "lamp",
      serial: expect.stringMatching(/^[0-9A-F]+$/),
    });
    expect(await login(door)).toBe(0);
    expect(door.logins[1]?.certificate).toBeUndefined();
    expect(await login(door, shown(elsewhere.issue("thief", "client")))).toBe("closed");
    expect(door.logins).toHaveLength(2);
    expect(door.lines).toHaveLength(1);
  });

  test("that is required and not shown keeps the door shut", async () => {
    await using door = await openDoor([specOf({ protocol: "mqtts", clientCertificates: "required" })], {
      tls: identity(),
    });
    expect(await login(door)).toBe("closed");
    expect(await login(door, shown(lamp))).toBe(0);
    expect(door.logins).toHaveLength(1);
  });

  test("is not asked for where it is off", async () => {
    await using door = await openDoor([specOf({ protocol: "mqtts" })], { tls: identity() });
    expect(await login(door, shown(lamp))).toBe(0);
    expect(door.logins[0]?.certificate).toBeUndefined();
  });

  test("holds over WebSocket too", async () => {
    await using door = await openDoor([specOf({ protocol: "wss", clientCertificates: "required" })], {
      tls: identity(),
    });
    expect(await upgrade(door, shown(lamp))).toMatch(/^HTTP\/1\.1 101/);
    expect(await upgrade(door, {})).toBe("");
  });

  test("that cannot be judged is refused, and nothing else happens", async () => {
    const tls: TlsIdentity = {
      ...identity(),
      verify: () => {
        throw new Error("a bug");
      },
    };
    await using door = await openDoor([specOf({ protocol: "mqtts", clientCertificates: "optional" })], {
      tls,
    });
    expect(await login(door, shown(lamp))).toBe("closed");
    expect(await login(door, shown(lamp))).toBe("closed");
    // Once a minute for an address.
    expect(door.lines).toEqual([expect.stringMatching(/cannot be read: Error: a bug/)]);
  });
});

test("TLS before 1.2 is not spoken, whatever the identity would allow", async () => {
  const weak = { ciphers: "ALL:@SECLEVEL=0", minVersion: "TLSv1" } as const;
  const tls: TlsIdentity = { ...identity(), options: () => ({ ...identity().options(), ...weak }) };
  await using door = await openDoor([specOf({ protocol: "mqtts" })], { tls });
  const old = { ciphers: "ALL:@SECLEVEL=0" };
  expect(await login(door, { ...old, minVersion: "TLSv1.1", maxVersion: "TLSv1.1" })).toBe("closed");
  expect(await login(door, { maxVersion: "TLSv1.2" })).toBe(0);
  expect(await login(door, { minVersion: "TLSv1.3" })).toBe(0);
});

test("a new certificate holds from the next handshake on; one that cannot be used changes nothing", async () => {
  let current: TlsOptions = identity().options();
  let tell: () => void = () => undefined;
  const tls: TlsIdentity = {
    ...identity(),
    options: () => current,
    onChange: (listener) => {
      tell = listener;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  await using door = await openDoor([specOf({ protocol: "mqtts" })], { tls });
  const next = authority.issue("gateway-of-next-year", "server");
  const weak = { ciphers: "ALL:@SECLEVEL=0", minVersion: "TLSv1" } as const;
  current = { cert: readFileSync(next.cert), key: readFileSync(next.key), ...weak };
  tell();
  expect(await nameShown(door)).toBe("gateway-of-next-year");
  const old = { ciphers: "ALL:@SECLEVEL=0" };
  expect(await login(door, { ...old, minVersion: "TLSv1.1", maxVersion: "TLSv1.1" })).toBe("closed");
  current = { cert: "no certificate", key: "no key" };
  tell();
  expect(await nameShown(door)).toBe("gateway-of-next-year");
  expect(door.lines).toEqual([expect.stringMatching(/cannot be used: the one before stays/)]);
});

test("handshakes that fail, break off or never begin keep nobody out", async () => {
  await using door = await openDoor([specOf({ protocol: "mqtts" })], { tls: identity() });
  const silent: Socket[] = [];
  for (let index = 0; index < 400; index++) {
    const socket = connect(door.port("door"), "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    if (index % 4 === 0) socket.write("GET / HTTP/1.1\r\n\r\n");
    if (index % 4 === 1) socket.resetAndDestroy();
    silent.push(socket);
  }
  expect(await login(door)).toBe(0);
  door.listeners.close();
  // What waits in a handshake is not the engine's to end.
  await expect
    .poll(() => silent.every(({ destroyed, readyState }) => destroyed || readyState !== "open"))
    .toBe(true);
});

async function nameShown(door: Door): Promise<unknown> {
  const socket = dial(door);
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

/** @returns what answers, empty when nothing does. */
async function upgrade(door: Door, options: ConnectionOptions): Promise<string> {
  const socket = dial(door, options);
  await once(socket, "secureConnect");
  const head = ["GET /mqtt HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket"];
  const rest = [
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: mqtt",
  ];
  socket.write(`${[...head, ...rest].join("\r\n")}\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    socket.once("data", (data) => resolve(data.toString()));
    socket.once("close", () => resolve(""));
  });
  socket.destroy();
  return answer;
}
