import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CommandContext } from "./command.ts";
import { newCloudOf } from "./new-cloud-options.ts";
import { UsageError } from "./usage-error.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "new-cloud-options-"));
  for (const name of ["cert", "key", "token"]) writeFileSync(join(folder, name), `the ${name}\nmore\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const asked = (kind: string, options: CommandContext["options"]) =>
  newCloudOf({ args: [kind], options, environment: {} } as unknown as CommandContext);
const pair = () => ({ cert: file("cert"), key: file("key") });
const PAIR = { certificate: "the cert\nmore\n", key: "the key\nmore\n" };

it("asks for each kind of cloud as the API wants it", () => {
  expect(asked("aws", { endpoint: "h", port: "443", thing: "farm", ...pair() })).toEqual({
    id: "aws",
    provider: "aws-iot",
    endpoint: "h",
    port: 443,
    thing: "farm",
    ...PAIR,
  });
  const ibm = { host: "h", org: "o", "gateway-type": "t", "gateway-id": "g", "token-file": file("token") };
  expect(asked("ibm", { ...ibm, set: 'commands=["pump"]\nmanaged=false' })).toEqual({
    id: "ibm",
    provider: "bluemix",
    host: "h",
    org: "o",
    gatewayType: "t",
    gatewayId: "g",
    token: "the token",
    more: { commands: ["pump"], managed: false },
  });
  expect(asked("mqtt", { id: "site", url: "mqtts://h", ...pair() })).toEqual({
    id: "site",
    provider: "mqtt",
    url: "mqtts://h",
    ...PAIR,
  });
});

it.each<[string, () => CommandContext["options"], RegExp]>([
  ["azure", () => ({}), /^expected aws, ibm, mqtt, found azure$/],
  ["constructor", () => ({}), /found constructor$/],
  [
    "aws",
    () => ({ endpoint: "h" }),
    /^expected --cert and --key, or --claim-cert, --claim-key and --template$/,
  ],
  ["aws", () => ({ endpoint: "h", cert: file("cert") }), /^--key is missing: there is --cert$/],
  ["aws", () => ({ endpoint: "h", key: file("key") }), /^--cert is missing: there is --key$/],
  ["aws", () => ({ endpoint: "h", ...pair(), template: "t" }), /or a claim; found --cert and --template$/],
  ["aws", () => ({ endpoint: "h", "claim-cert": file("cert") }), /^--claim-key is missing$/],
  ["aws", () => ({ endpoint: "h", "token-file": file("token"), ...pair() }), /^--token-file is not for aws$/],
  ["ibm", () => ({ host: "h", org: "o", "gateway-type": "t" }), /^--token-file is missing$/],
  ["mqtt", () => ({ url: "mqtts://h", port: "8883" }), /^--port is not for mqtt$/],
  ["aws", () => ({ endpoint: "h", port: "many", ...pair() }), /^--port: expected a number, found many$/],
])("%s: what cannot be asked for is said: %#", (kind, options, message) => {
  expect(() => asked(kind, options())).toThrow(UsageError);
  expect(() => asked(kind, options())).toThrow(message);
});
