import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ConfigError } from "./config-error.ts";
import { chooseConfig, keepLastGood } from "./last-good.ts";
import { parseConfig } from "./load.ts";
import { readOverrides } from "./overrides.ts";
import { annotatedConfig } from "./print.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parse = (text: string, overrides = {}): ReturnType<typeof parseConfig> =>
  parseConfig(text, { name: "tram.yaml", folder }, overrides);

function problemOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

describe("parseConfig", () => {
  test("an empty file is a gateway with defaults", () => {
    const settings = parse("");
    expect(settings.mqtt).toMatchObject({ host: "0.0.0.0", port: 1883, anonymous: false, accounts: [] });
    expect(settings.http).toEqual({ host: "0.0.0.0", port: 8080, hosts: [] });
    expect(settings.data).toBe(join(folder, "data"));
    expect(settings.rulesDir).toBe(join(folder, "rules"));
  });

  test("Node-RED is looked for where its package puts it, or beside the file; its module id is taken", () => {
    const dir = "/usr/lib/tram/node-red";
    expect(parse("").nodeRed).toEqual({ enabled: true, dir, palette: false });
    expect(parse("node_red: { dir: red, palette: true }").nodeRed).toEqual({
      enabled: true,
      dir: join(folder, "red"),
      palette: true,
    });
    expect(problemOf("modules: [{ id: node-red, use: sim }]")).toBe(
      'tram.yaml: modules[0].id: expected an id that is not reserved, found "node-red"',
    );
  });

  test("the environment overrides ports and data; relative paths are relative to the file", () => {
    const settings = parse("rules: { dir: ../r }\nmodules: [{ id: a, use: ./m.js }, { id: b, use: sim }]", {
      httpPort: 1,
      mqttPort: 2,
      data: "/x",
    });
    expect([settings.http.port, settings.mqtt.port, settings.data]).toEqual([1, 2, "/x"]);
    expect(settings.modules.map(({ use }) => use)).toEqual([join(folder, "m.js"), "sim"]);
    expect(settings.rulesDir).toBe(join(folder, "../r"));
  });

  test("events take a share of the memory, none of the disk, and two days, unless somebody says otherwise", () => {
    const { memoryMb, ...others } = parse("").events;
    expect(memoryMb).toBeGreaterThanOrEqual(2);
    expect(memoryMb).toBeLessThanOrEqual(8);
    expect(others).toEqual({ diskMb: 0, keepHours: 48 });
    const settings = parse("events: { memory_mb: 0, disk_mb: 16, keep_hours: 24 }");
    expect(settings.events).toEqual({ memoryMb: 0, diskMb: 16, keepHours: 24 });
    expect(parse(annotatedConfig(settings).text).events).toEqual(settings.events);
  });

  test("an external broker is used where the engine says so", () => {
    writeFileSync(join(folder, "secret"), "s3cret\n");
    const external =
      "external: { url: 'mqtts://broker.lan', username: tram, password_file: secret, ca_file: ca.pem }";
    expect(parse(`mqtt: { ${external} }`).mqtt.external).toBeUndefined();
    const settings = parse(`gateway: { id: farm }\nmqtt: { engine: external, ${external} }`);
    expect(settings.mqtt.external).toEqual({
      url: "mqtts://broker.lan",
      clientId: "tram-farm",
      username: "tram",
      password: "s3cret",
      caFile: join(folder, "ca.pem"),
      version: "auto",
      keepAliveSeconds: 30,
      sessionExpirySeconds: 86_400,
    });
    const { text } = annotatedConfig(settings);
    expect(text).not.toContain("s3cret");
    expect(parse(text).mqtt.external).toEqual({ ...settings.mqtt.external, password: "(hidden)" });
  });

  test("passwords come from the file that is named, first line only", () => {
    writeFileSync(join(folder, "secret"), "s3cret\nsecond line\n");
    const text = "mqtt: { clients: [{ username: a, role: device, password_file: secret }] }";
    expect(parse(text).mqtt.accounts).toEqual([{ username: "a", role: "device", password: "s3cret" }]);
  });

  const broken: [string, RegExp][] = [
    ["gatway: {}", /^tram\.yaml: gatway: unknown key$/],
    ["gateway: { id: Big House }", /gateway\.id: expected text that matches/],
    [
      "mqtt: { clients: [{ username: pair, password: x, role: device }] }",
      /mqtt\.clients\[0\]\.username: expected a name that is not reserved, found "pair"/,
    ],
    [
      "mqtt: { clients: [{ username: a, password: x, role: device, topics: [ok/+/x, a#/b] }] }",
      /mqtt\.clients\[0\]\.topics\[1\]: expected a topic prefix, found "a#\/b"/,
    ],
    ["gateway: { id: pair }", /gateway\.id: expected an id that is not reserved, found "pair"/],
    ["events: { keep_hours: 0 }", /events\.keep_hours: expected >= 1, found 0/],
    ["events: { disk_mb: 1.5 }", /events\.disk_mb: expected an? integer, found 1\.5/],
    ["gateway: { latitude: 91 }", /gateway\.latitude: expected <= 90, found 91/],
    ["mqtt: { engine: mosquitto }", /mqtt\.engine: expected one of tram, aedes, external, found "mosquitto"/],
    ["mqtt: { engine: external }", /mqtt\.external: is missing: the engine is external/],
    ["mqtt: { external: { url: 'mqtt://u:geheim@h' } }", /mqtt\.external\.url: expected text that matches/],
    [
      "mqtt: { external: { url: 'mqtt://h', password: a, password_file: b } }",
      /mqtt\.external: expected password or password_file, found both/,
    ],
    ["mqtt: { clients: [{ username: a }] }", /mqtt\.clients\[0\]\.role: is missing/],
    ["mqtt: { durable: [a/#/b] }", /mqtt\.durable\[0\]: expected a topic filter, found "a\/#\/b"/],
    [
      "mqtt: { listeners: [{ protocol: ws, port: 1, host: 127.0.0.1, interface: br-lan }] }",
      /mqtt\.listeners\[0\]: expected host or interface, found both/,
    ],
    [
      "mqtt: { listeners: [{ protocol: ws, port: 1, client_certificates: required }] }",
      /mqtt\.listeners\[0\]\.client_certificates: expected mqtts or wss, found those of "ws"/,
    ],
    [
      "mqtt: { listeners: [{ protocol: ws, port: 1 }, { id: ws-1, protocol: wss, port: 2 }] }",
      /mqtt\.listeners\[1\]\.id: expected a unique name, found that of mqtt\.listeners\[0\]/,
    ],
    [
      "mqtt: { listeners: [{ id: tcp, protocol: mqtt, port: 1 }] }",
      /mqtt\.listeners\[0\]\.id: expected a unique name, found that of mqtt\.port/,
    ],
    [
      "modules: [{ id: a, use: sim }, { id: a, use: sim }]",
      /modules\[1\]\.id: expected a unique name, found that of modules\[0\]/,
    ],
    [
      "cloud: [{ id: a, provider: aws }]",
      /cloud\[0\]\.(?:provider: expected one of mqtt, aws-iot, bluemix, found "aws"|url: is missing)/,
    ],
    [
      "mqtt: { clients: [{ username: a, role: device, password_file: nowhere }] }",
      /password_file: expected a readable file, found no such file/,
    ],
    ["[1, 2]", /^tram\.yaml: expected an object, found a list of 2$/],
    ["a: *nothing", /^tram\.yaml: expected YAML, found: Unresolved alias/],
    ["a: &a [*a, *a]", /tram\.yaml/],
    ["{ [a]: b }", /tram\.yaml/],
  ];
  test.each(broken)("%s", (text, expected) => {
    const problem = problemOf(text);
    expect(problem).toMatch(expected);
    expect(problem).not.toContain("\n");
  });

  test.each([
    "mqtt: { clients: [{ username: a, role: device, password: *geheim }] }",
    "mqtt: { clients: [{ username: a, role: device, passwordgeheim: x }] }",
    "mqtt: { clients: { username: a, password: geheim } }",
    "mqtt: { clients: [{ username: a, role: device, password: [geheim] }] }",
    "cloud: [{ id: a, provider: mqtt, url: 'mqtt://u:geheim@h' }]",
    "mqtt: { external: { url: 'mqtt://u:geheim@h', password: [geheim] } }",
    'gateway: { id: "a\n  password geheim" }',
  ])("no secret is shown: %s", (text) => {
    const problem = problemOf(text);
    expect(problem).toMatch(/^tram\.yaml: /);
    expect(problem).not.toContain("geheim");
  });

  test("an alias bomb is refused at once", () => {
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`);
    }
    expect(problemOf(bomb.join("\n"))).toMatch(/^tram\.yaml/);
  });

  test("whatever the file says, the answer is settings or one line", () => {
    const keys = fc.constantFrom(
      "gateway",
      "mqtt",
      "http",
      "modules",
      "cloud",
      "rules",
      "log",
      "data",
      "x",
      "__proto__",
    );
    const inner = fc.constantFrom(
      "id",
      "port",
      "host",
      "clients",
      "use",
      "username",
      "password",
      "role",
      "url",
      "constructor",
    );
    const value = fc.oneof(
      fc.anything({ maxDepth: 2 }),
      fc.dictionary(inner, fc.jsonValue()),
      fc.array(fc.dictionary(inner, fc.jsonValue())),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.dictionary(keys, value).map(safeYaml)), (text) => {
        const problem = problemOf(text);
        expect(problem).not.toContain("\n");
      }),
      { numRuns: 300 },
    );
  });
});

function safeYaml(document: unknown): string {
  try {
    return stringify(document);
  } catch {
    return "?"; // Values that YAML cannot write.
  }
}

test("readOverrides refuses a port that is none", () => {
  expect(readOverrides({ TRAM_HTTP_PORT: "80", TRAM_DATA: "", OTHER: "x" })).toEqual({ httpPort: 80 });
  expect(() => readOverrides({ TRAM_MQTT_PORT: "99999" })).toThrow(/TRAM_MQTT_PORT: expected a port/);
  expect(() => readOverrides({ TRAM_MQTT_PORT: "1e3" })).toThrow(ConfigError);
});

describe("the last good configuration", () => {
  test("is used when the file is broken, with its own relative paths; without one the error stands", () => {
    const file = join(folder, "tram.yaml");
    writeFileSync(file, "gateway: { id: first }\ndata: d1\n");
    const good = chooseConfig(file, {});
    expect(good.refused).toBeUndefined();
    writeFileSync(file, "gateway: { id: second }\ndata: d1\noops: 1\n");
    expect(() => chooseConfig(file, {})).toThrow(/oops: unknown key/);
    if (good.candidate === undefined) throw new Error("no candidate");
    keepLastGood(good.settings.data, good.candidate);
    const chosen = chooseConfig(file, {});
    expect(chosen.refused).toMatch(/oops: unknown key/);
    expect(chosen.candidate).toBeUndefined();
    expect(chosen.settings.gateway.id).toBe("first");
    expect(chosen.settings.data).toBe(join(folder, "d1"));
    writeFileSync(join(folder, "d1", "config.last-good.json"), "{ torn");
    expect(() => chooseConfig(file, {})).toThrow(/oops: unknown key/);
  });
});

test("the annotated configuration loads again and shows no password", () => {
  const settings = parse("mqtt: { clients: [{ username: a, role: device, password: s3cret }] }");
  const { text } = annotatedConfig(settings);
  expect(text).not.toContain("s3cret");
  expect(text).toMatch(/# TCP port; 0 takes a free one\./);
  expect(parse(text).mqtt.accounts).toHaveLength(1);
});
