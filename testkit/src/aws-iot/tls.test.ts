import { once } from "node:events";
import { type ConnectionOptions, connect } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { Authority } from "./authority.ts";
import { AWS_LIKE_NAME, AwsIot, type AwsIotOptions, type Enrollment } from "./aws-iot.ts";
import { ALPN_MQTT } from "./listener.ts";
import { Device } from "./testing/device.ts";
import { OPEN_POLICY } from "./testing/policies.ts";

let aws: AwsIot;
let gateway: Enrollment;
afterEach(() => aws[Symbol.asyncDispose]());

async function open(options: AwsIotOptions = {}): Promise<void> {
  aws = await AwsIot.open(options);
  gateway = aws.enroll("gw", [OPEN_POLICY]);
}

/** What a TLS client sees: the code of its error, or `closed`, or `open` when it can stay. */
async function outcome(options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({
    host: "127.0.0.1",
    port: aws.port,
    servername: "localhost",
    ca: aws.rootCa,
    cert: gateway.certificate,
    key: gateway.key,
    ALPNProtocols: [ALPN_MQTT],
    ...options,
  });
  // A PINGREQ is no CONNECT: who is let in so far is shown out for it, with an incident of its own.
  socket.on("secureConnect", () => socket.write(Buffer.from([0xc0, 0x00])));
  socket.resume();
  const failed = once(socket, "error").then(([error]) => String((error as NodeJS.ErrnoException).code));
  const closed = once(socket, "close").then(() => (codes().includes("protocol") ? "open" : "closed"));
  return await Promise.race([failed, closed]);
}

const codes = (): readonly string[] => aws.incidents.map(({ code }) => code);

describe("the endpoint lets in", () => {
  test("who shows an active certificate, trusts the root and names the endpoint", async () => {
    await open();
    expect(await outcome()).toBe("open");
    expect(await outcome({ servername: AWS_LIKE_NAME })).toBe("open");
  });

  test("without ALPN on what stands for port 8883", async () => {
    await open();
    expect(await outcome({ ALPNProtocols: [] })).toBe("open");
  });

  test("with TLS 1.2 and 1.3", async () => {
    await open();
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      expect(await outcome({ minVersion: version, maxVersion: version })).toBe("open");
    }
  });
});

describe("the endpoint refuses", () => {
  test("who shows no certificate", async () => {
    await open();
    expect(await outcome({ cert: undefined, key: undefined })).toMatch(
      /^ERR_SSL_.*CERTIFICATE_REQUIRED|^closed/,
    );
    expect(codes()).toEqual([]);
  });

  test("a certificate of another authority", async () => {
    await open();
    using stranger = Authority.open("Somebody else");
    const { certificate, key } = stranger.issue({ subject: "gw", for: "client" });
    expect(await outcome({ cert: certificate, key })).toMatch(/^ERR_SSL_.*UNKNOWN_CA|^ECONNRESET|^closed/);
    expect(codes()).toEqual([]);
  });

  test.each(["INACTIVE", "PENDING_ACTIVATION", "REVOKED"] as const)(
    "a certificate that is %s",
    async (status) => {
      await open();
      aws.registry.certificates.setStatus(gateway.certificateId, status);
      expect(await outcome()).not.toBe("open");
      expect(codes()).toEqual(["certificate-not-active"]);
    },
  );

  test("a certificate that was deleted", async () => {
    await open();
    aws.registry.certificates.delete(gateway.certificateId);
    expect(await outcome()).not.toBe("open");
    expect(codes()).toEqual(["certificate-unknown"]);
  });

  test("who does not name it, or names another", async () => {
    await open();
    expect(await outcome({ servername: "" })).not.toBe("open");
    expect(await outcome({ servername: "other.example", checkServerIdentity: () => undefined })).not.toBe(
      "open",
    );
    expect(codes()).toEqual(["no-server-name", "wrong-server-name"]);
  });

  test("another protocol, and none on what stands for port 443", async () => {
    await open({ alpn: "required" });
    expect(await outcome({ ALPNProtocols: ["http/1.1"] })).toMatch(
      /NO_APPLICATION_PROTOCOL|^ECONNRESET|^closed/,
    );
    expect(await outcome({ ALPNProtocols: [] })).not.toBe("open");
    expect(await outcome()).toBe("open");
    expect(codes()).toEqual(["no-alpn", "protocol"]);
  });

  test("TLS 1.1", async () => {
    await open();
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    expect(await outcome(old)).not.toBe("open");
  });
});

describe("a wrong endpoint is seen by who connects", () => {
  test.each<[string, AwsIotOptions["server"], RegExp]>([
    [
      "an authority that it does not know",
      { foreign: true },
      /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
    ],
    ["a name that it did not ask for", { names: ["other.example"] }, /ERR_TLS_CERT_ALTNAME_INVALID/],
    [
      "a certificate that has expired",
      { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") },
      /CERT_HAS_EXPIRED/,
    ],
    ["a certificate of the future", { notBefore: new Date("2048-01-01") }, /CERT_NOT_YET_VALID/],
  ])("%s", async (_name, server, code) => {
    await open({ server: server ?? {} });
    await expect(Device.open(aws, gateway)).rejects.toMatchObject({ code: expect.stringMatching(code) });
  });
});
