import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const HOSTILE = new URL("../fixtures/hostile-module.js", import.meta.url).pathname;

describe("a broken configuration", () => {
  const cases: readonly [string, string, RegExp][] = [
    ["unknown key", "mqtt: { prot: 1883 }", /^tram: .*tram\.yaml: mqtt\.prot: unknown key$/m],
    ["wrong type", "http: { port: eighty }", /tram\.yaml: http\.port: expected an integer, found "eighty"/],
    ["out of range", "mqtt: { port: 70000 }", /tram\.yaml: mqtt\.port: expected <= 65535, found 70000/],
    ["not YAML", "gateway: { id: [", /tram\.yaml:\d+:\d+: expected YAML, found: /],
    [
      "time zone",
      "gateway: { timezone: Mars/Olympus }",
      /gateway\.timezone: expected an IANA time zone, found "Mars\/Olympus"/,
    ],
    [
      "no password",
      "mqtt: { clients: [{ username: a, role: device }] }",
      /mqtt\.clients\[0\]: expected password/,
    ],
    ["cloud", "cloud: [{ id: up, provider: mqtt, url: 7 }]", /cloud\[0\]\.url: expected a string, found 7/],
  ];
  test.each(cases)("%s: exit 2 and one line", async (_name, text, expected) => {
    using folder = temporaryFolder("config");
    const file = join(folder.path, "tram.yaml");
    writeFileSync(file, text);
    const result = await tram(["run", "--config", file]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(expected);
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("no such file: exit 2 and one line", async () => {
    const result = await tram(["run", "--config", "/nowhere/tram.yaml"]);
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr.trim()).toBe(
      "tram: /nowhere/tram.yaml: expected a readable YAML file, found no such file",
    );
  });

  test("with an earlier good one, that one runs and the error is shown", async () => {
    using folder = temporaryFolder("config");
    const { config, data } = house(folder.path);
    const good = await startGateway(config);
    expect((await good.process.end("SIGTERM")).code).toBe(0);

    writeFileSync(config, `${readFileSync(config, "utf8")}\nhttpp: {}\n`);
    const again = await startGateway(config);
    await using _process = again.process;
    expect(again.process.stderr).toMatch(/tram\.yaml: httpp: unknown key/);
    const gateway = await tram(["things", "--json"], { TRAM_DATA: data });
    expect(gateway.code).toBe(0);
    const text = await healthOf(data);
    expect(text).toMatch(/httpp: unknown key/);
  });

  test("a port in use: exit 2 and one line with the port", async () => {
    using folder = temporaryFolder("config");
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      for (const options of [{ mqttPort: port }, { httpPort: port }]) {
        const { config } = house(folder.path, options);
        const result = await tram(["run", "--config", config]);
        expect(result.code).toBe(2);
        const lines = result.stderr
          .trim()
          .split("\n")
          .filter((line) => !line.startsWith("{"));
        expect(lines).toEqual([
          expect.stringMatching(
            new RegExp(`expected to listen on 127\\.0\\.0\\.1:${port}, found that another program holds it`),
          ),
        ]);
      }
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});

async function healthOf(data: string): Promise<string> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request({ socketPath: join(data, "tram.sock"), path: "/api/v1/gateway" }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

describe.skipIf(mosquittoMissing())("a broken part leaves the others alone", () => {
  const RULES = `
- id: sound
  triggers: [{ numeric: { property: sensor/air/temperature, above: 30 } }]
  actions: [{ set: fan/fan/on, value: true }]
`;

  test("a broken rule file: the others run, it is listed as unavailable with its path", async () => {
    using folder = temporaryFolder("rules");
    const { config, data, rulesDir } = house(folder.path, { rules: RULES });
    writeFileSync(
      join(rulesDir, "broken.yaml"),
      "- id: typo\n  triggers: [{ numeric: { property: sensor/air/temperature, abov: 30 } }]\n  actions: [{ set: fan/fan/on, value: true }]\n",
    );
    writeFileSync(join(rulesDir, "torn.yaml"), "- id: [\n");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await expectMainJob(gateway.mqttPort);

    const list = await tram(["rules", "list", "--json"], { TRAM_DATA: data });
    const { rules } = JSON.parse(list.stdout) as {
      rules: { id: string; file: string; status: string; problems: { path: string; problem: string }[] }[];
    };
    const typo = rules.find(({ id }) => id === "typo");
    expect(typo).toMatchObject({ file: "broken.yaml", status: "unavailable" });
    expect(typo?.problems[0]?.path).toMatch(/\[0\]\.triggers\[0\]\.numeric/);
    expect(typo?.problems[0]?.problem).toMatch(/abov/);
    expect(rules.find(({ file }) => file === "torn.yaml")?.status).toBe("unavailable");
    const check = await tram(["rules", "check"], { TRAM_DATA: data });
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(/broken\.yaml:\d+: \[0\]\.triggers/);
  });

  test("modules that throw, hang, spin, crash or flood: shown as failed with the reason; the rest keeps its latency", async () => {
    using folder = temporaryFolder("modules");
    const kinds = ["throw", "hang", "spin", "crash", "flood"];
    const modules = kinds.map(
      (does) => `  - { id: ${does}, use: ${HOSTILE}, config: { does: ${does}, thing: ${does} } }`,
    );
    // The same flood inside the gateway's own process, where only the budget contains it.
    modules.push(
      `  - { id: flood-inside, use: ${HOSTILE}, isolation: in-process, config: { does: flood, thing: thing-inside } }`,
    );
    const { config, data } = house(folder.path, { rules: RULES, extra: `modules:\n${modules.join("\n")}` });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await expectMainJob(gateway.mqttPort);

    await gateway.process.until("each failure", ({ stderr }) =>
      ["throw", "crash", "flood", "flood-inside"].every((id) => stderr.includes(`"module":"${id}","reason"`))
        ? true
        : undefined,
    );
    const states = await modulesOf(data);
    const reason = (id: string): string | undefined => states.find((module) => module.id === id)?.reason;
    expect(reason("throw")).toMatch(/no such radio/);
    expect(reason("crash")).toMatch(/ended with exit code 1.*a bug in a callback/);
    expect(gateway.process.stderr).toMatch(/"module":"flood","reason":"floods/);
    expect(gateway.process.stderr).toMatch(/"module":"flood-inside","reason":"floods/);
    for (const id of ["hang", "spin"]) {
      expect(["opening", "failed"]).toContain(states.find((module) => module.id === id)?.state);
    }
    for (const { id, state, nextAttempt } of states) {
      if (state === "failed") expect(nextAttempt, id).toBeDefined();
    }
    await expectMainJob(gateway.mqttPort);
    expect((await gateway.process.end("SIGTERM")).code).toBe(0);
  });

  test("a module that begins to spin when it is up is found out, ended and tried again", async () => {
    using folder = temporaryFolder("modules");
    const extra = `modules: [{ id: spinner, use: ${HOSTILE}, config: { does: spin-later, thing: spinner } }]`;
    const gateway = await startGateway(house(folder.path, { rules: RULES, extra }).config);
    await using _process = gateway.process;
    await gateway.process.until("it to be up", ({ stderr }) =>
      stderr.includes('"module up"') ? true : undefined,
    );
    await expectMainJob(gateway.mqttPort);
    await gateway.process.until(
      "the failure",
      ({ stderr }) => (/"reason":"its process did not answer for 20 s"/.test(stderr) ? true : undefined),
      60_000,
    );
  });

  test("a module that cannot be loaded or configured says why", async () => {
    using folder = temporaryFolder("modules");
    const extra = `modules:
  - { id: absent, use: /nowhere/module.js }
  - { id: unknown, use: zigbeee }
  - { id: misconfigured, use: sim, config: { sed: 7 } }`;
    const { config, data } = house(folder.path, { extra });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await gateway.process.until("three failures", ({ stderr }) =>
      ["absent", "unknown", "misconfigured"].every((id) => stderr.includes(`"module":"${id}","reason"`))
        ? true
        : undefined,
    );
    const reasons = Object.fromEntries((await modulesOf(data)).map(({ id, reason }) => [id, reason]));
    expect(reasons.absent).toMatch(/nowhere\/module\.js/);
    expect(reasons.unknown).toMatch(/expected sim or a file, found "zigbeee"/);
    expect(reasons.misconfigured).toMatch(/config\.sed: unknown key/);
  });
});

interface ModuleState {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly nextAttempt?: string;
}

async function modulesOf(data: string): Promise<readonly ModuleState[]> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    request({ socketPath: join(data, "tram.sock"), path: "/api/v1/modules" }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve((JSON.parse(text) as { modules: ModuleState[] }).modules));
    })
      .on("error", reject)
      .end();
  });
}

/** The main job, quickly: a reading above the threshold brings the command within a second. */
async function expectMainJob(port: number): Promise<void> {
  await describeDevice(port, PROBE, "sensor", { air: { temperature: { datatype: "float" } } });
  await describeDevice(port, PROBE, "fan", { fan: { on: { datatype: "boolean", settable: true } } });
  await using actuator = await subscribe(port, PROBE, "homie/5/fan/fan/on/set");
  for (const value of ["20", "31"]) {
    await publish(port, PROBE, { topic: "homie/5/sensor/air/temperature", payload: value, retain: true });
  }
  await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined), 1_000);
}
