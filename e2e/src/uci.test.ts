import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePort, startGateway, temporaryFolder, tram } from "./processes.ts";

const SECRET = "probe-password";

/** A router's files, in a folder of the test. */
function router(folder: string): {
  uci: string;
  base: string;
  system: string;
  out: string;
  options: string[];
} {
  const [uci, base, system, out] = ["tram", "tram.yaml", "system", "rendered.yaml"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  writeFileSync(system, "config system\n\toption hostname 'OpenWrt'\n\toption zonename 'Asia/Ho Chi Minh'\n");
  return { uci, base, system, out, options: ["--uci", uci, "--base", base, "--system", system] };
}

describe("UCI", () => {
  test("config render makes the file that the gateway runs with, for its owner alone", async () => {
    using folder = temporaryFolder("uci");
    const { uci, base, out, options } = router(folder.path);
    const [mqtt, http] = [await freePort(), await freePort()];
    writeFileSync(
      base,
      `gateway: { id: base, name: From the base }\nmqtt: { host: 127.0.0.1, port: 1 }\nhttp: { host: 127.0.0.1, port: ${http} }\n`,
    );
    writeFileSync(
      uci,
      `config gateway 'gateway'\n\toption id 'probe'\n\nconfig storage\n\toption data 'data'\n\nconfig mqtt 'mqtt'\n\toption port '${mqtt}'\n\nconfig module 'green_house'\n\toption use 'sim'\n\toption config '{ "seed": 1 }'\n\nconfig account 'kitchen'\n\toption role 'device'\n\toption password '${SECRET}'\n`,
    );
    const rendered = await tram(["config", "render", ...options, "--out", out]);
    expect(rendered).toMatchObject({ code: 0, stdout: `${out}: written\n`, stderr: "" });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const toStdout = await tram(["config", "render", ...options]);
    expect(toStdout.stdout).toBe(readFileSync(out, "utf8"));
    const asJson = JSON.parse((await tram(["config", "render", ...options, "--json"])).stdout) as {
      gateway: object;
      data: string;
    };
    expect(asJson).toMatchObject({
      gateway: { id: "probe", name: "From the base", timezone: "Asia/Ho_Chi_Minh" },
      data: join(folder.path, "data"),
    });

    expect(await tram(["config", "check", ...options])).toMatchObject({ code: 0, stdout: `${uci}: sound\n` });
    const printed = await tram(["config", "print", ...options]);
    expect(printed.code).toBe(0);
    expect(printed.stdout).toContain("id: probe");
    expect(printed.stdout).not.toContain(SECRET);

    await using gateway = (await startGateway(out)).process;
    const things = await tram(["things"], { TRAM_DATA: join(folder.path, "data") });
    expect(things.stdout).toMatch(/module:green-house/);
    expect((await gateway.end()).code).toBe(0);
  });

  test("what is wrong is told in full, one line each, nothing is written, and no secret is shown", async () => {
    using folder = temporaryFolder("uci");
    const { uci, base, out, options } = router(folder.path);
    writeFileSync(base, "log: { level: loud }\n");
    writeFileSync(
      uci,
      `config mqtt 'mqtt'\n\toption port 'abc'\n\nconfig cloud\n\toption provider 'mqtt'\n\toption url 'mqtt://user:${SECRET}@host'\n\nconfig account 'a'\n\toption password '${SECRET}'\n`,
    );
    const lines = [
      'tram.mqtt.port: expected an integer from 0 to 65535, found "abc"',
      `${base}: log.level: expected one of debug, info, warn, error, found "loud"`,
      "tram.a.role: is missing",
      "tram.@cloud[0].id: is missing",
      expect.stringMatching(/^tram\.@cloud\[0\]\.url: expected .*, found "mqtt:\/\/\(hidden\)@host"$/),
    ];
    for (const command of [["render", "--out", out], ["check"]]) {
      const { code, stdout, stderr } = await tram(["config", ...command, ...options]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr.trimEnd().split("\n").sort()).toEqual([...lines].sort(byText));
      expect(stderr).not.toContain(SECRET);
    }
    expect(existsSync(out)).toBe(false);
    const { code, stdout } = await tram(["config", "render", ...options, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, problems: { length: lines.length } });

    writeFileSync(uci, "config mqtt 'mqtt'\n\toption host 'half\n");
    expect(await tram(["config", "render", ...options])).toMatchObject({
      code: 2,
      stderr: `${uci}:2: expected a closing ', found the end of the file\n`,
    });
    expect(await tram(["config", "check", base])).toMatchObject({ code: 2, stdout: "" });
    const nowhere = await tram(["config", "render", ...options, "--uci", "/nowhere/tram"]);
    expect(nowhere).toMatchObject({
      code: 2,
      stderr: "/nowhere/tram: expected a readable UCI file, found no such file\n",
    });
  });

  test("a place that cannot be written, and options that do not go together", async () => {
    using folder = temporaryFolder("uci");
    const { uci, base, options } = router(folder.path);
    writeFileSync(uci, "");
    const out = join(folder.path, "none", "x");
    expect(await tram(["config", "render", ...options, "--out", out])).toMatchObject({
      code: 2,
      stderr: `${out}: expected a place to write to, found error ENOENT\n`,
    });
    for (const wrong of [
      ["check", "--base", base],
      ["check", base, "--uci", uci],
      ["print", "--config", base, "--uci", uci],
      ["render", base],
    ]) {
      expect((await tram(["config", ...wrong])).code, wrong.join(" ")).toBe(2);
    }
  });

  test("config uci says a YAML file in UCI, which renders to the same again", async () => {
    using folder = temporaryFolder("uci");
    const { uci, base, options } = router(folder.path);
    const yaml = join(folder.path, "old.yaml");
    writeFileSync(
      yaml,
      `gateway: { id: old, timezone: UTC }\ndata: store\nrules: { dir: r }\nmqtt: { anonymous: true, clients: [{ username: a.b, role: service, password: "it's ${SECRET}" }] }\nmodules: [{ id: green-house, use: sim, config: { seed: 1, list: [1, "a"] } }]\n`,
    );
    const said = await tram(["config", "uci", yaml]);
    expect(said.code).toBe(0);
    writeFileSync(uci, said.stdout);
    const again = JSON.parse((await tram(["config", "render", ...options, "--json"])).stdout);
    expect(again).toEqual({
      gateway: { id: "old", timezone: "UTC" },
      data: join(folder.path, "store"),
      rules: { dir: join(folder.path, "r") },
      mqtt: { anonymous: true, clients: [{ username: "a.b", role: "service", password: `it's ${SECRET}` }] },
      modules: [{ id: "green-house", use: "sim", config: { seed: 1, list: [1, "a"] } }],
    });
    expect(existsSync(base)).toBe(false);
    expect((await tram(["config", "uci", join(folder.path, "none")])).code).toBe(2);
  });
});

/** Asymmetric matchers have no order of their own: the one here begins with `tram.@cloud[0].u`. */
function byText(left: unknown, right: unknown): number {
  const [a, b] = [left, right].map((value) => (typeof value === "string" ? value : "tram.@cloud[0].u"));
  return (a as string) < (b as string) ? -1 : 1;
}
