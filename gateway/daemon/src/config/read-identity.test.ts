import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkConfig } from "./check.ts";
import { readIdentity } from "./read-identity.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tram-identity-"));
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
  ];
  const files = ["-keyout", join(folder, "k.pem"), "-out", join(folder, "c.pem"), "-subj", "/CN=gateway"];
  execFileSync("openssl", [...args, ...files], { stdio: "pipe" });
  writeFileSync(join(folder, "none.pem"), "-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("certificate, key and authorities are read from their files", () => {
  const at = (name: string): string => join(folder, name);
  const { identity, problems } = readIdentity(
    { ca_file: at("c.pem"), cert_file: at("c.pem"), key_file: at("k.pem") },
    "cloud[0]",
  );
  expect(problems).toEqual([]);
  expect(identity).toEqual({
    ca: readFileSync(at("c.pem"), "utf8"),
    cert: readFileSync(at("c.pem"), "utf8"),
    key: readFileSync(at("k.pem"), "utf8"),
  });
  expect(readIdentity({}, "cloud[0]")).toEqual({ problems: [] });
});

test("what cannot be used is told with its place, and never shown", () => {
  const entry = { id: "up", provider: "mqtt", url: "mqtts://h" };
  const checked = checkConfig(
    { cloud: [{ ...entry, ca_file: "missing.pem", cert_file: "none.pem", key_file: "c.pem" }] },
    folder,
  );
  expect(checked).toEqual([
    { path: "cloud[0].ca_file", problem: expect.stringContaining("expected a readable file") },
    { path: "cloud[0].cert_file", problem: "expected a certificate in PEM in none.pem" },
    { path: "cloud[0].key_file", problem: "expected an unencrypted private key in PEM in c.pem" },
  ]);
  expect(JSON.stringify(checked)).not.toContain("secret");
});

test.each<[object, string]>([
  [{ url: "mqtts://h", cert_file: "c.pem" }, "cloud[0].key_file"],
  [{ url: "mqtt://h", ca_file: "c.pem" }, "cloud[0].ca_file"],
  [{ url: "mqtt://h", topic: "plant/{thng}/{property}" }, "cloud[0].topic"],
  [{ url: "mqtt://h", payload: { tags: ["{unit}"] } }, "cloud[0].payload.tags[0]"],
  [{ url: "mqtt://h", provider: "pigeon" }, "cloud[0].provider"],
])("%j is wrong at %s", (more, path) => {
  const checked = checkConfig({ cloud: [{ id: "up", provider: "mqtt", ...more }] }, folder);
  expect(Array.isArray(checked) ? checked.map((each) => (each as { path: string }).path) : checked).toEqual([
    path,
  ]);
});
