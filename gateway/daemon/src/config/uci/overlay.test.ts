import { describe, expect, test } from "vitest";
import { SECTION_KINDS } from "./kinds.ts";
import { overlay } from "./overlay.ts";
import { parseUci } from "./parse-uci.ts";

function lay(base: unknown, uci: string): ReturnType<typeof overlay> {
  const { sections, problems } = parseUci(new TextEncoder().encode(uci));
  expect(problems).toEqual([]);
  return overlay(base, sections);
}

const problemsOf = (uci: string, base: unknown = {}): string[] =>
  lay(base, uci).problems.map(({ path, problem }) => `${path}: ${problem}`);

const TYPES = [...SECTION_KINDS.keys()].join(", ");

describe("overlay", () => {
  test("UCI wins for each key; what it does not say stays", () => {
    const base = { gateway: { id: "a", name: "A" }, mqtt: { port: 1, host: "h" }, data: "/base" };
    const { document, problems } = lay(
      base,
      `config mqtt mqtt
        option port 2
        option anonymous yes
      config storage storage
        option data /uci
      config http
        list hosts a.example
      config log log`,
    );
    expect(problems).toEqual([]);
    expect(document).toEqual({
      gateway: { id: "a", name: "A" },
      mqtt: { port: 2, host: "h", anonymous: true },
      data: "/uci",
      http: { hosts: ["a.example"] },
    });
    expect(base.mqtt).toEqual({ port: 1, host: "h" });
  });

  test("accounts, modules and clouds replace the one of their name, or are added", () => {
    const base = {
      mqtt: {
        port: 1,
        clients: [{ username: "a", role: "device", password: "1", topics: ["x"] }, { username: "b" }],
      },
      modules: [{ id: "green-house", use: "old", config: { a: 1 } }],
    };
    const { document, problems } = lay(
      base,
      `config account b
        option role service
        option password 2
      config account
        option username c
        option role dashboard
        option password 3
      config module green_house
        option use sim
      config cloud up_1
        option provider mqtt
        option url mqtt://a
        option protocol_version 5
      config cloud other
        option id my-own`,
    );
    expect(problems).toEqual([]);
    expect(document).toEqual({
      mqtt: {
        port: 1,
        clients: [
          { username: "a", role: "device", password: "1", topics: ["x"] },
          { username: "b", role: "service", password: "2" },
          { username: "c", role: "dashboard", password: "3" },
        ],
      },
      modules: [{ id: "green-house", use: "sim" }],
      cloud: [{ id: "up-1", provider: "mqtt", url: "mqtt://a", protocol_version: 5 }, { id: "my-own" }],
    });
    expect(base.mqtt.clients).toHaveLength(2);
  });

  test("an object within a section is a section of its own", () => {
    const base = { mqtt: { port: 1, limits: { connections: 5, sessions: 5 } } };
    const { document, problems, uciPath } = lay(
      base,
      `
      config mqtt mqtt
        option engine external
      config mqtt_external mqtt_external
        option url mqtt://broker.lan
      config mqtt_limits mqtt_limits
        option sessions 7
      config mqtt_tls mqtt_tls`,
    );
    expect(problems).toEqual([]);
    expect(document).toEqual({
      mqtt: {
        port: 1,
        engine: "external",
        external: { url: "mqtt://broker.lan" },
        limits: { connections: 5, sessions: 7 },
      },
    });
    expect(uciPath("mqtt.external.url")).toBe("tram.mqtt_external.url");
  });

  test("the section of the init script is read and goes nowhere", () => {
    const uci = (heap: string) =>
      `config service service\n option enabled 0\n option nofile 4096\n option heap_mb ${heap}`;
    expect(lay({}, uci("64"))).toMatchObject({ document: {}, problems: [] });
    expect(problemsOf(uci("16"))).toEqual([
      'tram.service.heap_mb: expected an integer from 32 to 4096, found "16"',
    ]);
  });

  const broken: [string, string, string[]][] = [
    [
      "a wrong value",
      "config mqtt mqtt\n option port abc",
      ['tram.mqtt.port: expected an integer from 0 to 65535, found "abc"'],
    ],
    [
      "in a section without a name",
      "config cloud\nconfig cloud\n option queue_mb x",
      ['tram.@cloud[1].queue_mb: expected an integer from 1 to 100000, found "x"'],
    ],
    [
      "named sections count too",
      "config cloud a\nconfig cloud\n option queue_mb x",
      ['tram.@cloud[1].queue_mb: expected an integer from 1 to 100000, found "x"'],
    ],
    ["an option that is none", "config http web\n option prot 1", ["tram.web.prot: unknown option"]],
    [
      "names of JavaScript's own",
      "config mqtt mqtt\n option __proto__ x\n option constructor x\nconfig account a\n option __proto__ y",
      [
        "tram.mqtt.__proto__: unknown option",
        "tram.mqtt.constructor: unknown option",
        "tram.a.__proto__: unknown option",
      ],
    ],
    [
      "a list of accounts is no option",
      "config mqtt mqtt\n list clients a",
      ["tram.mqtt.clients: unknown option"],
    ],
    [
      "a section that is none",
      "config toString\nconfig gatway gateway",
      [
        `tram.@toString[0]: expected a section of type ${TYPES}, found "toString"`,
        `tram.gateway: expected a section of type ${TYPES}, found "gatway"`,
      ],
    ],
    [
      "a second section of what is there once",
      "config log log\nconfig log\n option level info",
      ["tram.@log[1]: expected one section of type log, found another at tram.log"],
    ],
    [
      "two of a name",
      "config account a\nconfig account b\n option username a\nconfig module x_y\nconfig module\n option id x-y",
      [
        "tram.b.username: expected a unique name, found that of tram.a",
        "tram.@module[1].id: expected a unique name, found that of tram.x_y",
      ],
    ],
    [
      "a secret is not shown",
      "config account a\n list password geheim\n list password geheim\n option passwordgeheim x",
      ["tram.a.password: expected a single text, found a list of 2", "tram.a.password…: unknown option"],
    ],
  ];
  test.each(broken)("%s", (_name, uci, expected) => {
    expect(problemsOf(uci)).toEqual(expected);
  });

  test("what is wrong is left out, all of it is told, and nothing of JavaScript's own is touched", () => {
    const { document, problems } = lay(
      {},
      "config mqtt mqtt\n option port x\n option host h\n option __proto__ x\n option engine y",
    );
    expect(document).toEqual({ mqtt: { host: "h" } });
    expect(problems).toHaveLength(3);
    expect(Object.getPrototypeOf((document as { mqtt: object }).mqtt)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).host).toBeUndefined();
  });

  test("a base of another form stays as it is, for the check to tell", () => {
    const uci =
      "config mqtt mqtt\n option port 1\nconfig account a\nconfig module m\nconfig log log\n option level info";
    for (const base of [
      [1],
      "x",
      5,
      null,
      { mqtt: 5, modules: "x", log: [] },
      { mqtt: { clients: {} }, modules: {}, log: "x" },
    ]) {
      const { document, problems } = lay(base, uci);
      expect(problems).toEqual([]);
      if (typeof base !== "object" || base === null || Array.isArray(base)) expect(document).toEqual(base);
      else
        expect(document).toMatchObject(
          base.mqtt === 5 ? base : { mqtt: { clients: {}, port: 1 }, modules: {}, log: "x" },
        );
    }
    expect(lay(undefined, "config log log\n option level info").document).toEqual({ log: { level: "info" } });
    expect(lay({ log: null, mqtt: { clients: null } }, uci).document).toMatchObject({
      log: { level: "info" },
      mqtt: { clients: [{ username: "a" }] },
    });
  });

  test("each place of the result is known by where it comes from", () => {
    const { uciPath } = lay(
      { mqtt: { host: "h", clients: [{ username: "base" }, { username: "a" }] }, cloud: [{ id: "old" }] },
      "config mqtt mqtt\n option port 1\nconfig account a\n option role device\nconfig cloud\n option id new\n list things x\nconfig storage s\n option data /d",
    );
    expect(
      [
        "mqtt.port",
        "mqtt.host",
        "mqtt",
        "mqtt.clients[0].role",
        "mqtt.clients[1].role",
        "mqtt.clients[1]",
        "mqtt.clients[11]",
        "cloud[0].url",
        "cloud[1].url",
        "cloud[1].things[0]",
        "data",
        "",
      ].map(uciPath),
    ).toEqual([
      "tram.mqtt.port",
      undefined,
      undefined,
      undefined,
      "tram.a.role",
      "tram.a",
      undefined,
      undefined,
      "tram.@cloud[0].url",
      "tram.@cloud[0].things[0]",
      "tram.s.data",
      undefined,
    ]);
  });
});
