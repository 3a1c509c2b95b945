import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { house, Process, startGateway, TRAM, temporaryFolder, tram } from "./processes.ts";

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";

describe("the CLI", () => {
  test("every verb says what it does, and wrong use ends with 2 and a hint", async () => {
    const help = await tram(["--help"]);
    expect(help.code).toBe(0);
    for (const verb of [
      "run",
      "config check",
      "config print",
      "config render",
      "config uci",
      "things",
      "get",
      "set",
      "watch",
      "rules list",
      "rules check",
      "rules trace",
      "bridge status",
      "pair",
      "credentials",
      "credentials revoke",
      "audit",
      "completion",
    ]) {
      expect(help.stdout).toContain(`  ${verb}`);
      expect((await tram([...verb.split(" "), "--help"])).code, verb).toBe(0);
    }
    for (const wrong of [
      ["fly"],
      ["rules"],
      ["get", "one"],
      ["things", "--colour"],
      ["set", "a", "b", "1", "--wait", "soon"],
    ]) {
      const result = await tram(wrong);
      expect(result.code, wrong.join(" ")).toBe(2);
      expect(result.stderr).toMatch(/^tram: /);
    }
    const group = await tram(["ca", "--help"]);
    expect(group.code).toBe(0);
    expect(group.stdout).toMatch(/^ {2}ca init +\S/m);
    expect(group.stdout).not.toContain("things");
    const one = await tram(["get", "one"]);
    expect(one.stderr).toContain("expected `tram get ID PROP`, found 1 argument\n");
    const nobody = await tram(["things"], { TRAM_DATA: "/nowhere" });
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toMatch(/no gateway answers at \/nowhere\/tram\.sock/);
  });

  test("things, get, set and watch work on a running gateway", async () => {
    using folder = temporaryFolder("cli");
    const { config, data } = house(folder.path, { extra: SIM });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const environment = { TRAM_DATA: data };
    await using watcher = new Process(
      process.execPath,
      [TRAM, "watch", "greenhouse-fan", "--json"],
      environment,
    );
    await watcher.until("the snapshot", ({ stdout }) => (stdout.includes('"snapshot"') ? true : undefined));

    const set = await tram(["set", "greenhouse-fan", "speed", "45", "--wait", "5"], environment);
    expect(set).toMatchObject({ code: 0, stdout: "confirmed\n" });
    await watcher.until("the confirmation", ({ stdout }) =>
      stdout.includes('"confirmed"') ? true : undefined,
    );
    expect((await tram(["get", "greenhouse-fan", "fan/speed"], environment)).stdout).toBe("45 %\n");
    expect((await tram(["things"], environment)).stdout).toMatch(
      /greenhouse-fan +Greenhouse fan +ready +module:greenhouse/,
    );
    expect((await tram(["things", "greenhouse-fan"], environment)).stdout).toMatch(/fan\/speed +45 % +good/);
    const accepted = await tram(["set", "greenhouse-fan", "on", "true", "--json"], environment);
    expect(JSON.parse(accepted.stdout)).toMatchObject({ state: "accepted" });

    const refused = await tram(["set", "greenhouse-fan", "speed", "-5"], environment);
    expect(refused).toMatchObject({ code: 1, stderr: "tram: expected at least 0, found -5.\n" });
    expect((await tram(["set", "greenhouse-climate", "temperature", "5"], environment)).stderr).toMatch(
      /cannot be written/,
    );
    expect((await tram(["get", "nobody", "x"], environment)).stderr).toMatch(/there is no Thing nobody/);
    expect((await watcher.end("SIGINT")).code).toBe(0);
  });

  test("rules check looks at files, with paths", async () => {
    using folder = temporaryFolder("cli");
    const good = join(folder.path, "good.yaml");
    const bad = join(folder.path, "bad.yaml");
    writeFileSync(good, '- id: a\n  triggers: [{ time: "07:00" }]\n  actions: [{ notify: hello }]\n');
    writeFileSync(bad, '- id: b\n  triggers: [{ time: "25:00" }]\n  actions: [{ notify: hello }]\n');
    const environment = { TRAM_DATA: folder.path };
    expect(await tram(["rules", "check", good], environment)).toMatchObject({
      code: 0,
      stdout: "1 rule is sound\n",
    });
    const result = await tram(["rules", "check", good, bad], environment);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/bad\.yaml:2: \[0\]\.triggers\[0\]\.time: .*"25:00"/);
  });

  test("config check and print: secrets stay hidden", async () => {
    using folder = temporaryFolder("cli");
    const { config } = house(folder.path, { extra: SIM });
    expect((await tram(["config", "check", config])).code).toBe(0);
    const print = await tram(["config", "print", config]);
    expect(print.code).toBe(0);
    expect(print.stdout).toMatch(/# The local MQTT broker\./);
    expect(print.stdout).not.toContain("probe-password");
    const again = join(folder.path, "printed.yaml");
    writeFileSync(again, print.stdout);
    expect((await tram(["config", "check", again])).code).toBe(0);
  });

  test.each(["bash", "zsh", "fish"])("completion for %s", async (shell) => {
    const { code, stdout } = await tram(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/things/);
    if (shell !== "bash") return;
    const script = `${stdout}\nCOMP_WORDS=(tram ru); COMP_CWORD=1; _tram; echo "\${COMPREPLY[@]}"\nCOMP_WORDS=(tram rules ""); COMP_CWORD=2; _tram; echo "\${COMPREPLY[@]}"\nCOMP_WORDS=(tram cloud add ""); COMP_CWORD=3; _tram; echo "\${COMPREPLY[@]}"\nCOMP_WORDS=(tram cloud add ibm --tok); COMP_CWORD=4; _tram; echo "\${COMPREPLY[@]}"`;
    const result = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(result.stdout).toMatch(/^run rules\nlist check test schema simulate replay trace /);
    expect(result.stdout).toMatch(/\naws ibm mqtt\n--token-file\n$/);
  });

  test("Ctrl-C ends the gateway within 2 s", async () => {
    using folder = temporaryFolder("cli");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    const startedAt = performance.now();
    expect((await gateway.process.end("SIGINT")).code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
