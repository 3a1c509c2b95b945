import fc from "fast-check";
import { expect, test } from "vitest";
import { HIDDEN, Redactor } from "./redactor.ts";

const plain = new Redactor([]);

/** What a person would look for. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    bytes.toString("base64"),
    bytes.toString("base64url"),
  ];
}

test("a known secret is found in every coding, wherever it stands", () => {
  const secret = fc
    .string({ minLength: 8, maxLength: 60, unit: "grapheme" })
    .filter((text) => text.trim().length > 5);
  fc.assert(
    fc.property(
      secret,
      fc.string({ maxLength: 30 }),
      fc.string({ maxLength: 30 }),
      (found, before, after) => {
        const redactor = new Redactor([found]);
        for (const form of forms(found)) {
          const text = redactor.text(`${before} ${form} ${after}`);
          expect(text.includes(form), form).toBe(false);
        }
        const inside = Buffer.from(`${before}:${found}`).toString("base64");
        expect(redactor.text(inside)).not.toBe(inside);
      },
    ),
    { numRuns: 150 },
  );
});

test("a value is redacted however deep it stands, and stays JSON", () => {
  const redactor = new Redactor(["hunter2-secret"]);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const found = redactor.value({ value, deep: [{ "hunter2-secret": ["x hunter2-secret y"] }] });
      expect(JSON.stringify(found)).not.toContain("hunter2");
      expect(JSON.stringify(JSON.parse(JSON.stringify(found)))).toBe(JSON.stringify(found));
    }),
  );
  let deep: unknown = "hunter2-secret";
  for (let level = 0; level < 5_000; level++) deep = [deep];
  expect(JSON.stringify(redactor.value(deep))).not.toContain("hunter2");
});

test.each([
  ["mqtt://user:pa55@broker.example:1883/x", `mqtt://${HIDDEN}@broker.example:1883/x`],
  ["https://ghp_token@example.com/", `https://${HIDDEN}@example.com/`],
  ["Authorization: Bearer abcd.efgh-1", `Authorization: ${HIDDEN} ${HIDDEN}`],
  ["x password=pa55word, y", `x password=${HIDDEN}, y`],
  ['{"wifi_password":"pa 55\\"word","on":true}', `{"wifi_password":${HIDDEN},"on":true}`],
  ['{"msg":"{\\"token\\":\\"pa55\\"}"}', `{"msg":"{\\"token\\":${HIDDEN}}"}`],
  ["X-Api-Key: 12345", `X-Api-Key: ${HIDDEN}`],
  ["the code 7KQ-M2R-X9D is open", `the code ${HIDDEN} is open`],
  ["Set-up code 7KQM-2RX9", `Set-up code ${HIDDEN}`],
  ["got 23456789abcdefghijkmnpqrstuvwxyz", `got ${HIDDEN}`],
  ["id q7Rk2LxPz0aB9dEfGh1jKlMn3oQ", `id ${HIDDEN}`],
  ["-----BEGIN PRIVATE KEY-----\nMIGHAg\n-----END PRIVATE KEY-----\n", `${HIDDEN}\n`],
  ["-----BEGIN EC PRIVATE KEY-----\nMIGHAg", HIDDEN],
  ["latitude: 10.77, longitude=106.7", `latitude: ${HIDDEN}, longitude=${HIDDEN}`],
])("%s", (text, expected) => {
  expect(plain.text(text)).toBe(expected);
});

test.each([
  "homie/5/greenhouse-north-sensor-12/temperature/value",
  "2026-01-05T06:00:00.000Z warn: the device did not report in time",
  "/etc/tram/rules/Heating2/Night-and-Day.yaml is not readable",
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "Speculation_Store_Bypass:\tthread vulnerable",
  "password: (hidden), token=(hidden)",
  "192.168.1.20:1883, fe80::1, http://tram.lan:8080/things",
])("what helps stays: %s", (text) => {
  expect(plain.text(text)).toBe(text);
});

test("keys tell: secrets, headers and places are hidden, all else stays", () => {
  expect(
    plain.value({
      gateway: { id: "greenhouse", latitude: 10.77, longitude: 106.7, timezone: "Asia/Ho_Chi_Minh" },
      mqtt: { clients: [{ username: "probe", password: "x", password_file: "/etc/tram/probe.password" }] },
      http: { headers: { Accept: "x", Authorization: "y" } },
      properties: { "gps/position": { value: "10,106" }, "relay/on": { value: true } },
      pin: [1, null, undefined],
    }),
  ).toEqual({
    gateway: { id: "greenhouse", latitude: HIDDEN, longitude: HIDDEN, timezone: "Asia/Ho_Chi_Minh" },
    mqtt: { clients: [{ username: "probe", password: HIDDEN, password_file: "/etc/tram/probe.password" }] },
    http: { headers: { Accept: HIDDEN, Authorization: HIDDEN } },
    properties: { "gps/position": HIDDEN, "relay/on": { value: true } },
    pin: [1, null, null],
  });
});

test("a hostile text does not hold up the house", () => {
  const started = performance.now();
  for (const text of [
    "a".repeat(200_000),
    '"password":"'.repeat(20_000),
    "-----BEGIN PRIVATE KEY-----".repeat(5_000),
    "x://".repeat(50_000),
    "\\".repeat(100_000),
  ]) {
    plain.text(text);
  }
  expect(performance.now() - started).toBeLessThan(5_000);
});
