import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuleView, TraceView } from "@tram/protocol";
import { connectAsync } from "mqtt";
import { describe, expect, test } from "vitest";
import { call, rawCall } from "./http.ts";
import { httpPeer } from "./http-peer.ts";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { freePort, house, type Process, startGateway, temporaryFolder, tram } from "./processes.ts";

async function traces(data: string, rule: string): Promise<readonly TraceView[]> {
  const { stdout, stderr } = await tram(["rules", "trace", rule, "--json"], { TRAM_DATA: data });
  if (stdout === "") throw new Error(stderr);
  return (JSON.parse(stdout) as { traces: TraceView[] }).traces;
}

async function trace(data: string, rule: string, words: RegExp): Promise<TraceView> {
  for (let attempt = 0; ; attempt++) {
    const found = await traces(data, rule);
    const one = found.find(({ detail = "" }) => words.test(detail));
    if (one !== undefined) return one;
    if (attempt === 20) throw new Error(`no trace of ${words}: ${JSON.stringify(found)}`);
  }
}

const said = (sub: Process, topic: string): Promise<string> =>
  sub.until(topic, () => messages(sub).find((message) => message.topic === topic)?.payload);

describe.skipIf(mosquittoMissing())("what rules do outside of the house", { timeout: 180_000 }, () => {
  test("MQTT, webhooks and HTTP: heard, asked and told", async () => {
    using folder = temporaryFolder("rules-effects");
    await using peer = await httpPeer(({ url }, response) => {
      if (url.startsWith("/moved")) response.writeHead(302, { location: "http://127.0.0.1:9/secret" }).end();
      else response.setHeader("content-type", "application/json").end('{"word":"open"}');
    });
    writeFileSync(join(folder.path, "headers"), "Authorization: Bearer of-the-hook\n");
    const { config, data } = house(folder.path, {
      rules: `
- id: door
  triggers: [{ mqtt: { topic: "farm/+/door" } }]
  actions:
    - { http: "http://127.0.0.1:${peer.port}/ask?key=hidden", method: POST, body: { seen: "\${trigger.value}" }, response: answer }
    - { publish: "farm/answer", payload: "\${answer.body.word} \${answer.status}" }
    - { http: "http://127.0.0.1:${peer.port}/moved", response: answer }
    - { publish: "farm/moved", payload: "\${answer.ok}" }
    - { publish: "homie/5/lamp/light/on/set", payload: "true" }
- id: bell
  triggers: [{ webhook: ring-a1b2c3 }]
  actions:
    - { notify: "\${trigger.data.who} rings", level: alarm, to: ["webhook:pager", "webhook:gone", "sms:+84901234567"] }
    - { publish: farm/bell, payload: "\${trigger.data}" }
`,
      rulesConfig: `, http_hosts: ["127.0.0.1:${peer.port}"], webhooks: [{ id: pager, url: "http://127.0.0.1:${peer.port}/page", headers_file: headers }]`,
    });
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    await using heard = await subscribe(gateway.mqttPort, PROBE, "farm/#");

    await publish(gateway.mqttPort, PROBE, { topic: "farm/gate/door", payload: "ajar" });
    expect(await said(heard, "farm/answer")).toBe("open 200");
    expect(peer.arrived[0]).toMatchObject({ method: "POST", body: '{"seen":"ajar"}' });
    expect(peer.arrived[0]?.headers).toMatchObject({ "content-type": "application/json" });
    // It leads to a host that nobody allowed.
    expect(await said(heard, "farm/moved")).toBe("false");
    await trace(data, "door", /refused.*127\.0\.0\.1:9 is not among the hosts/);
    await trace(
      data,
      "door",
      /homie\/5\/lamp\/light\/on\/set: write it as the action `set: lamp\/light\/on`/,
    );

    const ring = (id: string, body: unknown) => call(gateway, "POST", `/api/v1/webhooks/${id}`, { body });
    expect((await ring("ring-a1b2c4", {})).status).toBe(404);
    expect((await ring("ring-a1b2c3", { who: "Lan" })).status).toBe(204);
    await peer.until(1, "/page");
    const page = peer.arrived.find(({ url }) => url === "/page");
    expect(page?.headers.authorization).toBe("Bearer of-the-hook");
    expect(JSON.parse(page?.body ?? "")).toMatchObject({
      rule: "bell",
      level: "alarm",
      text: "Lan rings",
      gateway: "house",
    });
    expect(JSON.parse(await said(heard, "farm/bell"))).toEqual({ who: "Lan" });
    await trace(data, "bell", /there is no gone among rules\.webhooks/);
    await trace(data, "bell", /no module can send SMS/);
    const everything = `${gateway.process.stdout}${gateway.process.stderr}${JSON.stringify(await traces(data, "door"))}`;
    for (const secret of ["key=hidden", "of-the-hook", "ring-a1b2c3"])
      expect(everything).not.toContain(secret);
    // A client that does not stop is held off.
    const storm = await Promise.all(Array.from({ length: 40 }, () => ring("guess", {})));
    expect(storm.some(({ status }) => status === 429)).toBe(true);
  });

  test("kill -9 while they are under way: without `retry` unknown and not again, with it again", async () => {
    using folder = temporaryFolder("rules-effects");
    const answered = { yes: false };
    await using peer = await httpPeer((_request, response) => {
      if (answered.yes) response.end("done");
    });
    const at = `http://127.0.0.1:${peer.port}`;
    const { config, data } = house(folder.path, {
      rules: `
- id: both
  triggers: [{ mqtt: { topic: "farm/go" } }]
  actions:
    - { http: "${at}/once", timeout: 5m }
    - { http: "${at}/again", timeout: 5m, retry: true }
    - { notify: "Look", to: ["webhook:quiet"] }
    - { notify: "Fire", level: alarm, to: ["webhook:loud"] }
- id: waits
  triggers: [{ mqtt: { topic: "farm/go" } }]
  actions:
    - { http: "${at}/waits", timeout: 5m, response: answer }
    - { publish: farm/state, retain: true, payload: "\${result.state}" }
`,
      rulesConfig: `, http_hosts: ["127.0.0.1:${peer.port}"], webhooks: [{ id: quiet, url: "${at}/quiet" }, { id: loud, url: "${at}/loud" }]`,
    });
    const first = await startGateway(config);
    await using _first = first.process;
    await publish(first.mqttPort, PROBE, { topic: "farm/go", payload: "1" });
    for (const url of ["/once", "/again", "/quiet", "/loud", "/waits"]) await peer.until(1, url);
    await first.process.end("SIGKILL");

    answered.yes = true;
    const second = await startGateway(config);
    await using _second = second.process;
    await peer.until(2, "/again");
    await peer.until(2, "/loud");
    await using heard = await subscribe(second.mqttPort, PROBE, "farm/#");
    expect(await said(heard, "farm/state")).toBe("unknown");
    await trace(data, "both", /^unknown: the gateway restarted before the outcome was known/);
    const count = (url: string): number => peer.arrived.filter((one) => one.url === url).length;
    expect(["/once", "/quiet", "/waits", "/again", "/loud"].map(count)).toEqual([1, 1, 1, 2, 2]);
    await second.process.end("SIGTERM");

    // What was done is forgotten.
    const third = await startGateway(config);
    await using _third = third.process;
    expect(["/once", "/quiet", "/waits", "/again", "/loud"].map(count)).toEqual([1, 1, 1, 2, 2]);
  });

  test("kill -9 while a command waits for its device: the run goes on when it is confirmed, once", async () => {
    using folder = temporaryFolder("rules-effects");
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, {
      mqttPort,
      rules: `
- id: heat
  triggers: [{ mqtt: { topic: farm/heat } }]
  actions:
    - { set: heater/plug/on, value: true, confirm: 10m }
    - { publish: farm/heated, payload: "\${result.state}" }
`,
    });
    const first = await startGateway(config);
    await using _first = first.process;
    await describeDevice(mqttPort, PROBE, "heater", {
      plug: { on: { datatype: "boolean", settable: true } },
    });
    {
      await using device = await subscribe(mqttPort, PROBE, "homie/5/heater/plug/on/set");
      await publish(mqttPort, PROBE, { topic: "farm/heat", payload: "1" });
      await said(device, "homie/5/heater/plug/on/set");
    }
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _second = second.process;
    await using heard = await subscribe(mqttPort, PROBE, "farm/#");
    await using device = await subscribe(mqttPort, PROBE, "homie/5/heater/plug/on/set");
    await publish(mqttPort, PROBE, { topic: "homie/5/heater/$state", payload: "ready", retain: true });
    expect(await said(device, "homie/5/heater/plug/on/set")).toBe("true");
    await publish(mqttPort, PROBE, { topic: "homie/5/heater/plug/on", payload: "true", retain: true });
    expect(await said(heard, "farm/heated")).toBe("confirmed");
    await publish(mqttPort, PROBE, { topic: "homie/5/heater/plug/on", payload: "true", retain: true });
    await trace(data, "heat", /^actions\[0\]: confirmed/);
    expect(messages(heard)).toHaveLength(1);
    expect(messages(device)).toHaveLength(1);
  });
});

describe.skipIf(mosquittoMissing())("what people do with rules by hand", { timeout: 120_000 }, () => {
  test("run, cancel, enable and disable; an area follows the household", async () => {
    using folder = temporaryFolder("rules-effects");
    const { config, data } = house(folder.path, {
      rules: `
- id: dark
  group: evening
  labels: [light]
  triggers: [{ time: "03:00" }]
  variables: { word: "\${'off'}" }
  actions:
    - { set: { area: attic, property: on }, value: false }
    - { publish: farm/dark, payload: "\${word}" }
    - { delay: 1h }
`,
    });
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const port = gateway.mqttPort;
    const cli = (...args: readonly string[]) => tram(args, { TRAM_DATA: data });
    const view = async (): Promise<RuleView | undefined> =>
      (JSON.parse((await cli("rules", "list", "--json")).stdout) as { rules: RuleView[] }).rules[0];
    for (const id of ["lamp", "cord"])
      await describeDevice(port, PROBE, id, { light: { on: { datatype: "boolean", settable: true } } });
    await cli("areas", "set", "attic", "Attic");
    await cli("things", "settings", "lamp", "--area", "attic");
    await using device = await subscribe(port, PROBE, "homie/5/+/light/on/set");
    await using heard = await subscribe(port, PROBE, "farm/#");
    // The program is made anew a moment after the household changed.
    for (let attempt = 0; attempt < 20 && ((await view())?.warnings.length ?? 0) > 0; attempt++);
    expect(await view()).toMatchObject({
      group: "evening",
      labels: ["light"],
      next: expect.stringMatching(/T03:00/),
    });

    const ran = await cli("rules", "run", "dark", "--variables", '{"word":"soon"}');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining("dark-1") });
    expect(await said(heard, "farm/dark")).toBe("soon");
    expect(await said(device, "homie/5/lamp/light/on/set")).toBe("false");
    expect(await view()).toMatchObject({ running: 1 });
    expect(await cli("rules", "run", "dark")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("mode-dropped: a run is under way"),
    });
    expect((await cli("rules", "cancel", "dark")).code).toBe(0);
    expect(await view()).toMatchObject({ running: 0 });

    const socketPath = join(data, "tram.sock");
    const hand = (word: string) => rawCall({ socketPath }, "POST", `/api/v1/rules/dark/${word}`);
    expect((await hand("disable")).status).toBe(204);
    expect(await view()).toMatchObject({ status: "disabled", switched: true });
    expect(await cli("rules", "run", "dark")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The rule dark is disabled."),
    });
    expect((await hand("enable")).status).toBe(204);
    expect(await cli("rules", "run", "ghost")).toMatchObject({ code: 1 });

    await cli("things", "settings", "lamp", "--area", "");
    await cli("things", "settings", "cord", "--area", "attic");
    const found = (): boolean => messages(device).some(({ topic }) => topic.includes("/cord/"));
    for (let attempt = 0; attempt < 10 && !found(); attempt++) {
      await cli("rules", "cancel", "dark");
      await cli("rules", "run", "dark");
    }
    expect(found()).toBe(true);
  });

  test("two rules that lead to each other are stopped, with the circle told", async () => {
    using folder = temporaryFolder("rules-effects");
    const { config, data } = house(folder.path, {
      rules: `
- id: ping
  triggers: [{ state: { property: duo/sw/a } }]
  actions: [{ set: duo/sw/b, value: "\${trigger.value}" }]
- id: pong
  triggers: [{ state: { property: duo/sw/b } }]
  actions: [{ set: duo/sw/a, value: "\${!trigger.value}" }]
`,
    });
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const port = gateway.mqttPort;
    const on = { datatype: "boolean", settable: true };
    await describeDevice(port, PROBE, "duo", { sw: { a: on, b: on } });
    const device = await connectAsync({ host: "127.0.0.1", port, ...PROBE });
    try {
      let commands = 0;
      device.on("message", (topic, payload) => {
        commands++;
        device.publish(topic.slice(0, -"/set".length), payload, { qos: 1, retain: true });
      });
      await device.subscribeAsync("homie/5/duo/sw/+/set", { qos: 1 });
      for (const [topic, value] of [
        ["b", "false"],
        ["a", "false"],
        ["a", "true"],
      ]) {
        await device.publishAsync(`homie/5/duo/sw/${topic}`, value ?? "", { qos: 1, retain: true });
      }
      await gateway.process.until(
        "the notification",
        ({ stderr }) =>
          /paused for 1 min: a loop: (?:ping → pong → ping|pong → ping → pong)/.exec(stderr)?.[0],
      );
      const seen = commands;
      const rules = JSON.parse((await tram(["rules", "list", "--json"], { TRAM_DATA: data })).stdout) as {
        rules: RuleView[];
      };
      const [paused] = rules.rules.filter((rule) => rule.paused !== undefined);
      expect(paused?.paused?.reason).toMatch(/^a loop: (?:ping → pong → ping|pong → ping → pong)/);
      await trace(data, paused?.id ?? "", /a loop: /);
      expect(commands).toBe(seen);
      expect((await tram(["rules", "resume", paused?.id ?? ""], { TRAM_DATA: data })).code).toBe(0);
    } finally {
      await device.endAsync(true);
    }
  });
});
