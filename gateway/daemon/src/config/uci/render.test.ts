import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { ConfigError } from "../config-error.ts";
import { loadConfig } from "../load.ts";
import { renderConfig } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-render-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const uci = join(folder, "uci");
const base = join(folder, "tram.yaml");
const system = join(folder, "system");
const files = { uci, base, system };

/** Renders; a file that is not given is not there. */
function render(texts: {
  uci: string | Uint8Array;
  base?: string;
  system?: string;
}): ReturnType<typeof renderConfig> {
  for (const [file, text] of [
    [uci, texts.uci],
    [base, texts.base],
    [system, texts.system],
  ] as const) {
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
  }
  return renderConfig(files);
}

function problemsOf(texts: Parameters<typeof render>[0]): readonly string[] {
  try {
    render(texts);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((problem) => problem.replaceAll(`${folder}/`, ""));
    throw error;
  }
  return [];
}

const rendered = (texts: Parameters<typeof render>[0]): unknown =>
  parseYaml(render(texts).text, { schema: "core" });

describe("renderConfig", () => {
  test("nothing at all is a gateway with what is meant on OpenWrt", () => {
    expect(rendered({ uci: "" })).toEqual({ data: "/srv/tram", rules: { dir: join(folder, "rules") } });
  });

  test("paths of both start in the base's folder", () => {
    writeFileSync(join(folder, "secret"), "s\n");
    mkdirSync(join(folder, "sub"), { recursive: true });
    writeFileSync(join(folder, "sub", "secret"), "s\n");
    expect(
      rendered({
        uci: `config storage storage
          option data d
        config account a
          option role device
          option password_file sub/secret
        config module m
          option use ./m.js
        config module n
          option use sim`,
        base: "rules: { dir: ../r }\nmqtt: { clients: [{ username: b, role: device, password_file: secret }] }\nmodules: [{ id: x, use: ../x.js }]\ncloud: [{ id: up, provider: mqtt, url: 'mqtt://h', password_file: secret }]",
      }),
    ).toEqual({
      data: join(folder, "d"),
      rules: { dir: join(folder, "../r") },
      mqtt: {
        clients: [
          { username: "b", role: "device", password_file: join(folder, "secret") },
          { username: "a", role: "device", password_file: join(folder, "sub/secret") },
        ],
      },
      modules: [
        { id: "x", use: join(folder, "../x.js") },
        { id: "m", use: join(folder, "m.js") },
        { id: "n", use: "sim" },
      ],
      cloud: [{ id: "up", provider: "mqtt", url: "mqtt://h", password_file: join(folder, "secret") }],
    });
  });

  describe("the time zone", () => {
    const zone = (texts: Parameters<typeof render>[0]): unknown =>
      (rendered(texts) as { gateway?: { timezone?: string } }).gateway?.timezone;
    const saigon =
      "config system\n\toption timezone '<+07>-7'\n\toption zonename 'Asia/Ho Chi Minh'\nconfig timeserver ntp\n\tlist server a";

    test("is the system's, unless somebody says another", () => {
      expect(zone({ uci: "", system: saigon })).toBe("Asia/Ho_Chi_Minh");
      expect(zone({ uci: "", system: saigon, base: "gateway: { id: a }" })).toBe("Asia/Ho_Chi_Minh");
      expect(zone({ uci: "", system: saigon, base: "gateway: { timezone: UTC }" })).toBe("UTC");
      expect(
        zone({
          uci: "config gateway g\n option timezone Europe/Berlin",
          system: saigon,
          base: "gateway: { timezone: UTC }",
        }),
      ).toBe("Europe/Berlin");
      expect(zone({ uci: "", system: "config system\n option hostname x" })).toBeUndefined();
    });

    test("that cannot be used is passed over, and told", () => {
      const broken = render({ uci: "", system: "config system\n option zonename 'Mars/Olympus Mons'" });
      expect(broken.notes).toEqual([
        'system.@system[0].zonename: expected a known IANA time zone, found "Mars/Olympus Mons": it is not used',
      ]);
      expect(broken.text).not.toContain("timezone");
      rmSync(system);
      mkdirSync(system);
      expect(renderConfig(files).notes).toEqual([`${system}: expected a readable UCI file, found a folder`]);
      rmSync(system, { recursive: true });
    });
  });

  test("what is rendered is what the gateway loads, the same settings wherever it lies", () => {
    const { text, settings } = render({
      uci: 'config mqtt mqtt\n option port 1\nconfig account a\n option role device\n option password \' x: #"\'\nconfig module m\n option use sim\n option config \'{"a":[1.5,"yes",null,{"b":"1e3"}]}\'',
      base: "gateway: { id: g, name: 'on' }",
      system: "config system\n option zonename UTC",
    });
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere, { recursive: true });
    writeFileSync(join(elsewhere, "tram.yaml"), text);
    expect(loadConfig(join(elsewhere, "tram.yaml"), {}).settings).toEqual(settings);
    expect(settings).toMatchObject({
      gateway: { id: "g", name: "on", timezone: "UTC" },
      mqtt: { port: 1, accounts: [{ username: "a", password: ' x: #"' }] },
      modules: [{ id: "m", config: { a: [1.5, "yes", null, { b: "1e3" }] } }],
    });
  });

  describe("everything that is wrong is told, each thing where its owner wrote it", () => {
    test("the check of the whole finds it", () => {
      expect(
        problemsOf({
          uci: `config gateway gateway
            option id pair
            option timezone Mars
          config account kitchen
            option role device
          config account x
            option role device
            option password a
            option password_file b
          config account y
            option role device
            option password_file nowhere
          config module Green
            option use sim
          config cloud
            option provider mqtt
            option url ftp://h
            list things pump
            list things /
          config cloud up`,
          base: "mqtt: { port: 70000, clients: [{ username: q, role: king, password: a }, { username: kitchen }] }\nhttp: { host: '' }\nnonsense: 1\nlog: { level: loud }",
        }),
      ).toEqual([
        "tram.yaml: nonsense: unknown key",
        "tram.yaml: mqtt.port: expected <= 65535, found 70000",
        'tram.yaml: mqtt.clients[0].role: expected one of device, dashboard, service, found "king"',
        'tram.yaml: http.host: expected at least 1 character, found ""',
        'tram.Green.id: expected text that matches ^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$, found "Green"',
        'tram.yaml: log.level: expected one of debug, info, warn, error, found "loud"',
        'tram.gateway.id: expected an id that is not reserved, found "pair"',
        'tram.gateway.timezone: expected an IANA time zone, found "Mars"',
        "tram.kitchen: expected password or password_file, found neither",
        "tram.x: expected password or password_file, found both",
        "tram.y.password_file: expected a readable file, found no such file: nowhere",
        "tram.@cloud[0].id: is missing",
        expect.stringMatching(/^tram\.@cloud\[0\]\.things\[1\]: expected text that matches .*, found "\/"$/),
        'tram.@cloud[0].url: expected text that matches ^mqtts?://(?:\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?/?$, found "ftp://h"',
        "tram.up.provider: is missing",
        "tram.up.url: is missing",
      ]);
    });

    test("once: what an option is blamed for is not missing besides", () => {
      expect(
        problemsOf({
          uci: "config account a\n option role king\n option password x\nconfig mqtt mqtt\n option port x",
        }),
      ).toEqual([
        'tram.a.role: expected one of device, dashboard, service, found "king"',
        'tram.mqtt.port: expected an integer from 0 to 65535, found "x"',
      ]);
    });

    test("more than a validator tells by itself", () => {
      const clients = Array.from(
        { length: 40 },
        (_, index) => `config account a${index}\n option password x`,
      );
      expect(problemsOf({ uci: clients.join("\n") })).toEqual(
        clients.map((_, index) => `tram.a${index}.role: is missing`),
      );
    });

    test("files that cannot be read or understood", () => {
      expect(problemsOf({ uci: "config a-b c d\n\nfoo", base: "a: [" })).toEqual([
        "uci:1: expected a type and a name, found more words (a value with spaces needs quotes)",
        "uci:3: expected config, option, list or package, found another word",
        expect.stringMatching(/^tram\.yaml:1:\d+: expected YAML, found: /),
      ]);
      expect(problemsOf({ uci: "config mqtt mqtt\n option port 1", base: "[1]" })).toEqual([
        "tram.yaml: expected an object, found a list of 1",
      ]);
      rmSync(uci);
      expect(() => renderConfig(files)).toThrow(`${uci}: expected a readable UCI file, found no such file`);
      expect(() => renderConfig({ ...files, uci: folder })).toThrow(/found a folder/);
      writeFileSync(uci, "");
      expect(() => renderConfig({ ...files, base: folder })).toThrow(
        /expected a readable YAML file, found a folder/,
      );
    });
  });

  test("files without measure end soon, with one line", { timeout: 60_000 }, () => {
    const before = process.cpuUsage();
    const deep = "[".repeat(60_000);
    const bombs: [Parameters<typeof render>[0], RegExp][] = [
      [
        { uci: new Uint8Array(10_000_000).fill(0x23) },
        /^uci: expected a readable UCI file, found 10000000 bytes \(at most 1048576\)$/,
      ],
      [{ uci: "config mqtt\n".repeat(80_000) }, /^uci:4097: expected at most 4096 sections, found more$/],
      [
        {
          uci:
            'config module a\n option use sim\n option config \'{"a":' +
            deep +
            deep.replaceAll("[", "]") +
            "}'",
        },
        /^tram\.a\.config: expected a JSON object, found more than 64 levels$/,
      ],
      [
        { uci: `config module a\n option use sim\n option config '${deep}'` },
        /^tram\.a\.config: expected a JSON object, found text that is not JSON$/,
      ],
      [{ uci: Uint8Array.of(0xff, 0xfe) }, /^uci:1: expected UTF-8, found other bytes$/],
      [{ uci: "config mqtt\n option host 'a\0b'" }, /^uci:2: expected text, found a NUL byte$/],
      [{ uci: "config mqtt mqtt\n option __proto__ 1" }, /^tram\.mqtt\.__proto__: unknown option$/],
      [{ uci: "", base: deep }, /^tram\.yaml:1:\d+: expected YAML, found: too many levels$/],
      [
        {
          uci: "",
          base: `modules: [{ id: a, use: sim, config: { a: ${"[".repeat(30_000)}${"]".repeat(30_000)} } }]`,
        },
        /too many levels|fewer levels/,
      ],
      [
        {
          uci: `config module a\n option use sim\n option config '{"a":"${"x".repeat(600_000)}"}'`,
          base: `modules: [{ id: b, use: sim, config: { a: ${"y".repeat(600_000)} } }]`,
        },
        /^uci and tram\.yaml: expected at most 1048576 bytes together, found 12\d{5}$/,
      ],
    ];
    for (const [texts, expected] of bombs) {
      const problems = problemsOf(texts);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(expected);
    }
    const many = Array.from(
      { length: 4_000 },
      (_, index) => `config account a${index}\n option role device\n option password p`,
    );
    expect(problemsOf({ uci: many.join("\n") })).toEqual([
      expect.stringMatching(/^tram\.yaml: mqtt\.clients: expected at most 2000 entries/),
    ]);
    // Of this process: other tests may run beside it.
    const { user, system: kernel } = process.cpuUsage(before);
    expect((user + kernel) / 1_000).toBeLessThan(10_000);
  });

  test("whatever the files hold, the answer is a configuration or lines, and no secret is in them", {
    timeout: 60_000,
  }, () => {
    const secret = "Geheim42";
    const good = `config account 'kitchen'\n\toption role 'device'\n\toption password '${secret}'\n\nconfig cloud 'up'\n\toption provider 'mqtt'\n\toption url 'mqtt://h'\n\toption username 'u'\n\toption password "${secret}"\n\nconfig module 'm'\n\toption use 'sim'\n\toption config '{"app_key":"${secret}"}'\n`;
    const yaml = `gateway: { id: a }\nmqtt:\n  clients:\n    - username: b\n      role: device\n      password: ${secret}\n`;
    const edit = fc.record({
      at: fc.nat({ max: 400 }),
      remove: fc.nat({ max: 3 }),
      insert: fc.constantFrom(
        "",
        "'",
        '"',
        "\\",
        "#",
        ";",
        "\n",
        " ",
        ":",
        "*",
        "!",
        "&",
        "[",
        "}",
        "\0",
        "option",
        "list password x\n",
        "config a b\n",
      ),
    });
    const edited = (text: string) =>
      fc
        .array(edit, { maxLength: 3 })
        .map((edits) =>
          edits.reduce(
            (now, { at, remove, insert }) =>
              now.slice(0, at % now.length) + insert + now.slice((at % now.length) + remove),
            text,
          ),
        );
    const RUNS = 600;
    let told = 0;
    fc.assert(
      fc.property(edited(good), edited(yaml), (uciText, yamlText) => {
        // An edit inside of the secret makes another one, and one that hits the name of its key makes it a plain value.
        fc.pre(/password|app_key/.test(uciText));
        for (const problem of problemsOf({ uci: uciText, base: yamlText })) {
          told++;
          expect(problem).not.toContain("\n");
          expect(problem.replaceAll(/[^A-Za-z0-9]/g, "")).not.toContain(secret);
        }
      }),
      { numRuns: RUNS },
    );
    expect(told).toBeGreaterThan(RUNS / 2);
  });

  test("any bytes at all", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 100 }),
        (a, b, c) => {
          writeFileSync(uci, a);
          writeFileSync(base, b);
          writeFileSync(system, c);
          try {
            renderConfig(files);
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
