import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EventView } from "../../gateway/daemon/src/event-journal/event-view.ts";
import { describeHouse, RULES, report, status } from "./disk-house.ts";
import { call, rawCall, setUp } from "./http.ts";
import { Disks, mountsMissing } from "./mounts.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

/** The events as programs get them. */
async function events(data: string, ...args: string[]): Promise<EventView[]> {
  const { code, stdout, stderr } = await tram(["events", "--json", "--all", ...args], { TRAM_DATA: data });
  expect(code, stderr).toBe(0);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EventView);
}

const readings = (all: readonly EventView[]): unknown[] =>
  all.flatMap(({ kind, what }) => (kind === "reading" && "value" in what ? [what.value] : []));

describe("the journal of events", () => {
  test("tells what a reading led to, in its order, to the command line and to administrators alone", async () => {
    using folder = temporaryFolder("events");
    const extra = "modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]";
    const { config, data } = house(folder.path, { rules: RULES, extra });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeHouse(gateway.mqttPort);
    await report(gateway.mqttPort, "21.5", 1);
    await report(gateway.mqttPort, "31.5", 1);
    await expect.poll(() => events(data, "--kind", "command")).not.toEqual([]);

    const all = await events(data);
    const chain = all.filter(({ what }) => "origin" in what && /^(?:device|rule:)/.test(what.origin));
    expect(chain.slice(0, 3).map(({ kind, what }) => [kind, "value" in what && what.value])).toEqual([
      ["reading", 21.5],
      ["reading", 31.5],
      ["command", true],
    ]);
    expect(chain[2]?.what).toMatchObject({
      thing: "fan",
      property: "fan/on",
      origin: "rule:cool",
      state: "accepted",
    });
    expect(all[0]).toMatchObject({ kind: "gap", what: {} });
    expect(all[1]).toMatchObject({ kind: "start", seq: 1, clock: "synced" });
    const described = all.flatMap(({ kind, what }) =>
      kind === "thing" && "thing" in what ? [what.thing] : [],
    );
    expect(described).toContainEqual(expect.objectContaining({ id: "sensor" }));
    expect(readings(await events(data, "--thing", "fan"))).toEqual([]);
    expect(readings(await events(data, "--from", new Date(Date.now() + 60_000).toISOString()))).toEqual([]);

    // What confirms a command comes before its end, though the commands heard the reading too.
    const set = await tram(["set", "greenhouse-fan", "speed", "45", "--wait", "9"], { TRAM_DATA: data });
    expect(set.stdout).toBe("confirmed\n");
    const told = (await events(data, "--thing", "greenhouse-fan", "--kind", "reading,command")).map(
      ({ kind, what }) =>
        kind === "command" ? "state" in what && what.state : "value" in what && what.value,
    );
    expect(told.slice(-2)).toEqual([45, "confirmed"]);

    const people = await tram(["events", "--last", "1", "--thing", "sensor", "--kind", "reading"], {
      TRAM_DATA: data,
    });
    expect(people.stdout).toMatch(/^\S+Z {2}sensor\/air\/temperature {2}31\.5 {2}\(device\)\n$/);
    const state = await tram(["events", "status"], { TRAM_DATA: data });
    expect(state.stdout).toMatch(/reaches back .*\nin memory +\d\.\d MB\nrecorded +\d+ events/);
    for (const wrong of [
      ["--from", "yesterday"],
      ["--last", "0"],
      ["--last", "5", "--all"],
    ]) {
      expect((await tram(["events", ...wrong], { TRAM_DATA: data })).code).toBe(2);
    }

    const admin = await setUp(gateway);
    const token = async (scopes: string[]) => {
      const made = await call(gateway, "POST", "/api/v1/tokens", {
        ...admin,
        body: { name: scopes[0], scopes },
      });
      return { headers: { authorization: `Bearer ${(made.body as { token: string }).token}` } };
    };
    const reader = await token(["read"]);
    expect(await call(gateway, "GET", "/api/v1/events", reader)).toMatchObject({ status: 403 });
    expect(await call(gateway, "GET", "/api/v1/events/status", reader)).toMatchObject({
      status: 200,
      body: { dropped: 0, damaged: 0, diskBytes: 0 },
    });
    const { headers } = await token(["admin"]);
    const at = { port: gateway.httpPort };
    const lines = await rawCall(at, "GET", "/api/v1/events?limit=2", { headers });
    expect(lines.headers["content-type"]).toBe("application/x-ndjson");
    for (const [query, parameter] of [
      ["from=2026-01-05", "from"],
      ["to=now", "to"],
      ["limit=0", "limit"],
      ["limit=1e3", "limit"],
      ["last=99999", "last"],
      ["kind=reading,rumour", "kind"],
      ["known=maybe", "known"],
    ]) {
      const refused = await rawCall(at, "GET", `/api/v1/events?${query}`, { headers });
      expect(refused, query).toMatchObject({ status: 400, body: { code: "bad-parameter" } });
      expect((refused.body as { detail: string }).detail).toMatch(new RegExp(`^${parameter}: expected `));
    }
    const head = await rawCall(at, "HEAD", "/api/v1/events", { headers });
    expect(head).toMatchObject({ status: 200 });
  });

  test("survives restarts on the disk; a disk that fails there darkens nothing", async () => {
    using folder = temporaryFolder("events-disk");
    const { config, data } = house(folder.path, { rules: RULES, extra: "events: { disk_mb: 2 }" });
    const first = await startGateway(config);
    {
      await using _first = first.process;
      await describeHouse(first.mqttPort);
      await report(first.mqttPort, "21.5", 1);
      await expect.poll(async () => readings(await events(data))).toEqual([21.5]);
    }
    const second = await startGateway(config);
    await using _second = second.process;
    await report(second.mqttPort, "22.5", 1);
    await expect.poll(async () => readings(await events(data))).toEqual([21.5, 22.5]);
    const all = await events(data, "--known");
    expect(all.filter(({ kind }) => kind === "start")).toHaveLength(2);
    // After the second start stands what it knew of the first.
    const restart = all.findLastIndex(({ kind }) => kind === "start");
    const known = all.slice(restart + 1).filter(({ kind }) => kind.startsWith("known-"));
    expect(known.map(({ kind }) => kind)).toEqual(["known-thing", "known-thing", "known-reading"]);
    await second.process.end();

    rmSync(join(data, "events"), { recursive: true });
    writeFileSync(join(data, "events"), "a file where the folder should be");
    const third = await startGateway(config);
    await using _third = third.process;
    await report(third.mqttPort, "23.5", 1);
    await expect.poll(async () => readings(await events(data))).toEqual([23.5]);
    const told = await status(data);
    expect(told.code).toBe(1);
    expect(told.text).toMatch(/problem .*events: events are kept in memory alone: .*What to do: /);
    const { stdout } = await tram(["events", "status"], { TRAM_DATA: data });
    expect(stdout).toMatch(/the disk takes nothing: /);
  });

  test.skipIf(mountsMissing())("a full disk takes no events and no names; the memory goes on", async () => {
    using folder = temporaryFolder("events-full");
    const { config, data } = house(folder.path, { rules: RULES, extra: "events: { disk_mb: 2 }" });
    const first = await startGateway(config);
    {
      await using _first = first.process;
      await describeHouse(first.mqttPort);
      await first.process.end();
    }
    const at = join(data, "events");
    await using disks = await Disks.mount(`mount -t tmpfs -o size=64k none ${at}`);
    disks.run(`head -c 1000000 /dev/zero > ${at}/filler || true`);
    const second = await disks.gateway(config);
    await using _second = second.process;
    await second.process.until("the trouble", ({ stderr }) =>
      stderr.includes("the disk takes no events") ? true : undefined,
    );
    await report(second.mqttPort, "23.5", 1);
    await expect.poll(async () => readings(await events(data))).toEqual([23.5]);
    expect((await status(data)).text).toMatch(/events: events are kept in memory alone: ENOSPC/);
    expect(disks.run(`ls ${at}`)).toBe("filler\n");
  });

  test("can be turned off", async () => {
    using folder = temporaryFolder("events-off");
    const { config, data } = house(folder.path, { extra: "events: { memory_mb: 0 }" });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    for (const verb of [["events"], ["events", "status"]]) {
      const result = await tram(verb, { TRAM_DATA: data });
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining("events.memory_mb is 0") });
    }
  });
});
