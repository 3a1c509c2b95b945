import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { RealClock, VirtualClock } from "@tram/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BridgeError } from "../bridge-error.ts";
import { Mosquitto, mosquittoIsMissing } from "../testing/mosquitto.ts";
import { TestAuthority } from "../testing/test-authority.ts";
import { CarefulWindow } from "./careful-window.ts";
import { dial } from "./dial.ts";
import { MqttConnection } from "./mqtt-connection.ts";
import type { TlsIdentity, TlsTerms } from "./tls-identity.ts";

const unused = new AbortController().signal;
const clock = new RealClock();
let known: TestAuthority;
let unknown: TestAuthority;
let folder: string;

beforeAll(() => {
  known = new TestAuthority("Known authority");
  unknown = new TestAuthority("Unknown authority");
  folder = mkdtempSync(join(tmpdir(), "cloud-bridge-tls-"));
});
afterAll(() => {
  known[Symbol.dispose]();
  unknown[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A broker with a certificate; one that asks for ours takes those of the known authority. */
function broker(
  tls: { certificate: string; key: string },
  options: { asks?: boolean; versions?: string } = {},
) {
  const ca = join(folder, "known.pem");
  writeFileSync(ca, known.certificate);
  return Mosquitto.open({
    tls,
    lines: [
      ...(options.asks === true ? [`cafile ${ca}`, "require_certificate true"] : []),
      ...(options.versions === undefined ? [] : [`tls_version ${options.versions}`]),
    ],
    ...(options.asks === true ? { identity: known.issue("watcher") } : {}),
  });
}

function connect(port: number, identity: TlsIdentity, terms: Omit<TlsTerms, "identity"> = {}) {
  return MqttConnection.open(
    {
      host: "localhost",
      port,
      tls: { identity, ...terms },
      clientId: "tram-gw",
      password: "never-in-the-clear",
      username: "gateway",
      protocolVersion: 5,
      keepaliveS: 30,
      clock,
    },
    { encode: () => ({ topic: "t", payload: "1" }), careful: new CarefulWindow(1), clock },
    unused,
  );
}

async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BridgeError)) throw new Error(`expected a BridgeError, found ${String(error)}`);
  return error;
}

describe.skipIf(mosquittoIsMissing())("TLS to a real mosquitto", () => {
  it("is there with the authority of the configuration, and the right host", async () => {
    await using mosquitto = await broker(known.issue("localhost"));
    await using connection = await connect(mosquitto.port, { ca: known.certificate });
    expect(await connection.send({ topic: "a", payload: "1" })).toEqual({ outcome: "acknowledged" });
  });

  it.each<[string, () => { certificate: string; key: string }, string, string]>([
    ["an authority that is not known", () => unknown.issue("localhost"), "tls-authority", "not known here"],
    ["another host", () => known.issue("elsewhere.example"), "tls-host", "another host name"],
    [
      "a time that is over",
      () => known.issue("localhost", { from: -9, to: -1 }),
      "tls-expired",
      "has expired",
    ],
    ["a time to come", () => known.issue("localhost", { from: 1, to: 9 }), "tls-early", "not valid yet"],
  ])("refuses a certificate of %s", async (_name, certificate, code, said) => {
    await using mosquitto = await broker(certificate());
    const error = await refusalOf(connect(mosquitto.port, { ca: known.certificate }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(said) });
    expect(error.message).not.toContain("clock");
  });

  it("says that the clock may be at fault while nobody has set it", async () => {
    await using mosquitto = await broker(known.issue("localhost", { from: 1, to: 9 }));
    const target = { host: "localhost", port: mosquitto.port, tls: { identity: { ca: known.certificate } } };
    const unsure = new VirtualClock({ trust: "untrusted" });
    const error = await refusalOf(dial(target, { signal: unused, clock: unsure }));
    expect(error).toMatchObject({ code: "tls-early", message: expect.stringContaining("clock is not set") });
  });

  it.each(["tlsv1.2", "tlsv1.3"])("shows its own certificate where it is asked for, %s", async (versions) => {
    await using mosquitto = await broker(known.issue("localhost"), { asks: true, versions });
    const { certificate: cert, key } = known.issue("gateway");
    await using connection = await connect(mosquitto.port, { ca: known.certificate, cert, key });
    expect(await connection.send({ topic: "a", payload: "1" })).toEqual({ outcome: "acknowledged" });
  });

  it.each(["tlsv1.2", "tlsv1.3"])(
    "says that the broker does not take our certificate, %s",
    async (versions) => {
      await using mosquitto = await broker(known.issue("localhost"), { asks: true, versions });
      const { certificate: cert, key } = unknown.issue("gateway");
      const stranger = await refusalOf(connect(mosquitto.port, { ca: known.certificate, cert, key }));
      expect(stranger).toMatchObject({ code: "tls-client" });
      const nobody = await refusalOf(connect(mosquitto.port, { ca: known.certificate }));
      expect(nobody).toMatchObject({ code: "tls-client" });
    },
  );

  it("never speaks in the clear to a broker without TLS", async () => {
    let heard = Buffer.alloc(0);
    const server = createServer((socket) => {
      socket.on("data", (bytes) => {
        heard = Buffer.concat([heard, bytes]);
        socket.end(Buffer.from([0x20, 2, 0, 0, 0xd0, 0, 0xd0, 0]));
      });
      socket.on("error", () => socket.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const error = await refusalOf(connect((server.address() as AddressInfo).port, {}));
    server.close();
    expect(error.code).toBe("tls");
    // RFC 8446 §5.1: a handshake record, and nothing behind the ClientHello.
    expect(heard[0]).toBe(22);
    expect(heard.toString("latin1")).not.toContain("never-in-the-clear");
  });

  it("asks for nothing older than TLS 1.2", async () => {
    let hello = Buffer.alloc(0);
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", (bytes) => {
        hello = bytes;
        socket.destroy();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await refusalOf(connect((server.address() as AddressInfo).port, {}));
    server.close();
    // RFC 8446 §4.2.1: supported_versions is extension 43: its length, that of the list, and two bytes for each.
    const at = hello.indexOf(Buffer.from([0, 43]));
    const versions = hello.subarray(at + 5, at + 5 + (hello[at + 4] ?? 0));
    expect(versions.toString("hex").match(/.{4}/g)).toEqual(["0304", "0303"]);
  });

  it("offers what ALPN says, with the name of the server", async () => {
    const { certificate: cert, key } = known.issue("localhost");
    const seen: unknown[] = [];
    const server = createTlsServer({ cert, key, ALPNProtocols: ["x-amzn-mqtt-ca"] }, (socket) => {
      const { servername } = socket as { servername?: string | false };
      seen.push([socket.alpnProtocol, servername]);
      socket.end();
    });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await refusalOf(connect(port, { ca: known.certificate }, { alpn: ["x-amzn-mqtt-ca"] }));
    expect(seen).toEqual([["x-amzn-mqtt-ca", "localhost"]]);
    const other = await refusalOf(connect(port, { ca: known.certificate }, { alpn: ["mqtt"] }));
    server.close();
    expect(other).toMatchObject({ code: "tls", message: expect.stringContaining("alpn") });
  });

  it("says that our own files cannot be used, and shows nothing of them", async () => {
    const one = known.issue("gateway");
    const other = known.issue("gateway");
    const error = await refusalOf(connect(1, { cert: one.certificate, key: other.key }));
    expect(error.code).toBe("tls-files");
    expect(`${error.message}${String(error.cause)}`).not.toContain(other.key.split("\n")[1]);
  });
});
