import type { Json } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { parseYaml } from "./load.ts";
import { fillIn, hideSecrets, restoreSecrets } from "./placeholders.ts";

const CONFIG = {
  gateway: { id: "house" },
  mqtt: {
    clients: [
      { username: "a", password: "p-a" },
      { username: "b", password: "p-b" },
    ],
  },
  modules: [{ id: "m", use: "./m.js", config: { keys: { one: "k1", two: ["k2"] }, pin: "x", speed: 3 } }],
  rules: { webhooks: [{ id: "w", url: "https://hooks.example/T0/B1", headers_file: "w.headers" }] },
  cloud: [{ id: "up", url: "mqtts://host:8883", password_file: "up.password" }],
};

test("whatever hangs below the name of a secret is hidden whole, and so is the rest of an address", () => {
  expect(hideSecrets(CONFIG)).toEqual({
    gateway: { id: "house" },
    mqtt: {
      clients: [
        { username: "a", password: "(hidden)" },
        { username: "b", password: "(hidden)" },
      ],
    },
    modules: [{ id: "m", use: "./m.js", config: { keys: "(hidden)", pin: "x", speed: 3 } }],
    rules: { webhooks: [{ id: "w", url: "(hidden)", headers_file: "w.headers" }] },
    cloud: [{ id: "up", url: "mqtts://host:8883", password_file: "up.password" }],
  });
  expect(
    hideSecrets({
      http: { headers: { Authorization: "x" } },
      token: null,
      key: 5,
      secret: "",
      pin: 1234,
      reset_pin: 17,
    }),
  ).toEqual({
    http: { headers: "(hidden)" },
    token: null,
    key: "(hidden)",
    secret: "",
    pin: "(hidden)",
    reset_pin: 17,
  });
});

test("what was shown comes back as it was, in lists by the name of the entry", () => {
  const shown = structuredClone(hideSecrets(CONFIG)) as typeof CONFIG;
  expect(restoreSecrets(shown, CONFIG)).toMatchObject({ document: CONFIG, stray: [] });
  shown.mqtt.clients.reverse();
  expect(restoreSecrets(shown, CONFIG).document).toMatchObject({
    mqtt: {
      clients: [
        { username: "b", password: "p-b" },
        { username: "a", password: "p-a" },
      ],
    },
  });
});

test.each<[string, Json]>([
  ["at a name that had none", { gateway: { id: "house", password: "(hidden)" } }],
  ["where a value was shown", { gateway: { id: "(hidden)" } }],
  ["in an entry of another name", { mqtt: { clients: [{ username: "c", password: "(hidden)" }] } }],
  ["at the top", "(hidden)"],
  ["at the name of a prototype", JSON.parse('{ "__proto__": { "password": "(hidden)" } }')],
])("a placeholder %s stands for nothing", (_where, document) => {
  const { kept, stray } = restoreSecrets(document, CONFIG);
  expect([kept, stray.length]).toEqual([[], 1]);
});

test("a text is filled in where its placeholders are, and nowhere else", () => {
  const text = `# (hidden) in a comment
mqtt: { clients: [ { username: a, password: (hidden) }, # one
    { "password": "(hidden)", username: b } ] }
modules:
  - id: m
    use: ./m.js
    config: # more
      keys:   '(hidden)'   # after
      pin: x
      speed: 3
`;
  const { document, kept } = restoreSecrets(parseYaml(text, "t") as Json, CONFIG);
  const whole = fillIn(text, kept) ?? "";
  expect(whole).toBe(
    text
      .replace("password: (hidden)", 'password: "p-a"')
      .replace('"password": "(hidden)"', '"password": "p-b"')
      .replace("'(hidden)'", '{"one":"k1","two":["k2"]}'),
  );
  expect(parseYaml(whole, "t")).toEqual(document);
});

test("a placeholder that comes in over an alias is not filled in", () => {
  const text = "x: &x { password: (hidden) }\ny: *x\n";
  const { kept } = restoreSecrets(parseYaml(text, "t") as Json, {
    x: { password: "1" },
    y: { password: "2" },
  });
  expect(fillIn(text, kept)).toBeUndefined();
});

test("any configuration, shown, written and read again, is what it was; and no secret of it was shown", () => {
  const secret = fc.string({ minLength: 1 }).map((text) => `s3cr3t-${text}`);
  const plain = fc.oneof(fc.integer(), fc.boolean(), fc.string({ unit: fc.constantFrom(..."abc :-#") }));
  const entry = fc.record({
    password: secret,
    "app-key": fc.array(secret),
    other: plain,
    list: fc.array(plain),
  });
  const config = fc.record({ one: entry, __proto__: entry, list: fc.array(entry), token: secret });
  fc.assert(
    fc.property(config, (given) => {
      const before = JSON.parse(JSON.stringify(given)) as Json;
      const text = stringify(hideSecrets(before), { lineWidth: 0 });
      expect(text).not.toContain("s3cr3t");
      const { document, kept, stray } = restoreSecrets(parseYaml(text, "t") as Json, before);
      expect(stray).toEqual([]);
      expect(document).toEqual(before);
      expect(parseYaml(fillIn(text, kept) ?? "", "t")).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
