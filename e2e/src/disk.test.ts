import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  Device,
  digestOf,
  expectLocalControl,
  expectOldData,
  expectRefusals,
  late,
  logged,
  oldData,
  RULES,
  report,
  SET_FAN,
  status,
  TEMPERATURE,
} from "./disk-house.ts";
import { ADMIN, call, MARK } from "./http.ts";
import { messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { Disks, mountsMissing } from "./mounts.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

// Each of them starts several gateways and waits for back-offs.
vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(mosquittoMissing() || mountsMissing())("a data folder on a read-only disk", () => {
  const readOnly = (data: string): string => `mount --bind ${data} ${data}\nmount -o remount,ro,bind ${data}`;

  test("the house works from memory, nothing is acknowledged, and the disk is not touched", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    const files = [join(data, "tram.db"), join(data, "tram.db-wal")];
    const before = digestOf(...files);

    await using disks = await Disks.mount(readOnly(data));
    const gateway = await disks.gateway(config);
    await using _process = gateway.process;
    expect(gateway.setupCode).toBeUndefined();
    const { code, text, report: shown } = await status(data);
    expect(code).toBe(1);
    expect(text).toMatch(/store +keeps nothing \(read-only\)/);
    expect(text).toMatch(/problem .*\/data: the data folder cannot be written \(.+\): nothing new is kept/);
    expect(shown).toMatchObject({ healthy: false, gateway: { store: "failing", storeCode: "read-only" } });
    expect(shown.gateway.problems.map(({ code: problem }) => problem)).toEqual(["store", "socket"]);
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 21.5, quality: "stale" });

    await expectLocalControl(gateway);
    await expectRefusals(gateway);
    const lines = gateway.process.stderr.split("\n").filter((line) => /"level":(?:40|50)/.test(line));
    expect(
      lines.filter((line) => /store|database/.test(line)),
      "told at the edge",
    ).toHaveLength(1);
    expect((await gateway.process.end("SIGTERM")).code).toBe(0);
    expect(digestOf(...files)).toBe(before);
    await expectOldData(config, data);
  });

  test("writable again, it goes on by itself, and a device is asked for what was not acknowledged", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    await using disks = await Disks.mount(readOnly(data));
    const gateway = await disks.gateway(config);
    await using _process = gateway.process;
    await using device = await Device.connect(gateway.mqttPort);
    device.report("25");
    await device.hears("25");
    expect(device.acknowledged).toEqual([]);
    // While only the memory knows it: a Thing that is described now must be there after a restart.
    const describe_ = async (id: string): Promise<void> => {
      const description = { homie: "5.0", version: 1, name: id, nodes: {} };
      const topic = `homie/5/${id}/$description`;
      await publish(gateway.mqttPort, PROBE, {
        topic,
        payload: JSON.stringify(description),
        retain: true,
        qos: 0,
      });
    };
    await describe_("newcomer");

    disks.run(`mount -o remount,rw,bind ${data}`);
    await logged(gateway, '"the store keeps again"');
    await device.client.publishAsync(TEMPERATURE, "26", { qos: 1, retain: true });
    expect(device.acknowledged).toEqual(["25"]);
    expect(device.closed).toBe(1);
    await gateway.process.end("SIGKILL");

    const again = await startGateway(config);
    await using _again = again.process;
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 26 });
    const things = await tram(["things", "--json"], { TRAM_DATA: data });
    expect(things.stdout).toContain('"newcomer"');
    expect((await status(data)).code).toBe(0);
  });
});

describe.skipIf(mosquittoMissing() || mountsMissing())("a data folder on a full disk", () => {
  test("at the start: the house works from memory; when there is room again it goes on, and repeats nothing", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    await oldData(config);
    const kept = join(folder.path, "kept");
    renameSync(data, kept);
    mkdirSync(data);
    // As after a power cut: the log is there, its index is not, and there is no room to make it.
    await using disks = await Disks.mount(`
      mount -t tmpfs -o size=4m none ${data}
      cp ${kept}/tram.db ${kept}/tram.db-wal ${data}/
      dd if=/dev/zero of=${data}/fill bs=4k 2>/dev/null || true`);
    const before = disks.run(`cat ${data}/tram.db ${data}/tram.db-wal | sha256sum`);
    // What lies in the namespace alone is not seen from here; the runtime folder is.
    const environment = { TRAM_RUNTIME: join(folder.path, "run") };
    const gateway = await disks.gateway(config, environment);
    await using _process = gateway.process;
    const { code, text, report: shown } = await status(data, environment);
    expect(code).toBe(1);
    expect(text).toMatch(/store +keeps nothing \(full\)/);
    expect(text).toMatch(/the disk is full .* What to do: free space/);
    expect(shown).toMatchObject({ gateway: { store: "failing", storeCode: "full" } });
    await expectLocalControl(gateway);
    await expectRefusals(gateway);
    expect(disks.run(`cat ${data}/tram.db ${data}/tram.db-wal | sha256sum`)).toBe(before);

    disks.run(`rm ${data}/fill`);
    await logged(gateway, '"the store keeps again"');
    await report(gateway.mqttPort, "21.5", 1);
    expect((await status(data, environment)).report).toMatchObject({ healthy: true });
    await gateway.process.end("SIGKILL");
    disks.run(`cp ${data}/tram.db* ${folder.path}/`);

    for (const name of ["tram.db", "tram.db-wal"]) renameSync(join(folder.path, name), join(data, name));
    await expectOldData(config, data);
  });
});

describe.skipIf(mosquittoMissing())("a data folder whose place is taken by a file", () => {
  /** At QoS 0: nothing is acknowledged here. */
  async function describeUnkept(port: number): Promise<void> {
    const nodes = {
      sensor: { air: { properties: { temperature: { datatype: "float" } } } },
      fan: { fan: { properties: { on: { datatype: "boolean", settable: true } } } },
    };
    for (const [id, described] of Object.entries(nodes)) {
      const payload = JSON.stringify({ homie: "5.0", version: 1, name: id, nodes: described });
      await publish(port, PROBE, { topic: `homie/5/${id}/$description`, payload, retain: true, qos: 0 });
      await publish(port, PROBE, { topic: `homie/5/${id}/$state`, payload: "ready", retain: true, qos: 0 });
    }
  }

  test("the house works from memory, and keeps all of it once the folder can be made", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: RULES });
    writeFileSync(data, "somebody's file");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { code, text } = await status(data);
    expect(code).toBe(1);
    expect(text).toMatch(
      /problem .*\/data: the data folder cannot be used \(expected a folder that can be made, found EEXIST/,
    );
    const setup = await call(gateway, "POST", "/api/v1/setup", {
      body: { code: "AAAA-AAAA", ...ADMIN },
      headers: MARK,
    });
    expect(setup.status).toBe(410);
    const { code: setupCode } = JSON.parse((await tram(["setup", "--json"], { TRAM_DATA: data })).stdout);
    const refused = { body: { code: setupCode, ...ADMIN }, headers: MARK };
    expect(await call(gateway, "POST", "/api/v1/setup", refused)).toMatchObject({
      status: 503,
      body: { code: "not-stored" },
    });
    await describeUnkept(gateway.mqttPort);
    await expectLocalControl(gateway);
    expect(readFileSync(data, "utf8")).toBe("somebody's file");

    rmSync(data);
    await logged(gateway, '"the store keeps again"');
    await report(gateway.mqttPort, "21.5", 1);
    expect((await call(gateway, "POST", "/api/v1/setup", refused)).status).toBe(204);
    await gateway.process.end("SIGKILL");
    await expectOldData(config, data);
  });

  test("when another database appears there, the gateway starts anew in a quiet moment", async () => {
    using folder = temporaryFolder("disk");
    const { config, data } = house(folder.path, { rules: late(15_000) });
    await oldData(config);
    renameSync(data, join(folder.path, "away"));
    writeFileSync(data, "somebody's file");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeUnkept(gateway.mqttPort);
    await report(gateway.mqttPort, "20");
    await using actuator = await subscribe(gateway.mqttPort, PROBE, SET_FAN);
    await report(gateway.mqttPort, "31");
    rmSync(data);
    cpSync(join(folder.path, "away"), data, { recursive: true });

    // The rule is in the middle of its delay: the gateway waits for its end.
    await logged(gateway, '"the disk came back with another database');
    const { report: shown } = await status(data);
    expect(shown.gateway.problems).toContainEqual(
      expect.objectContaining({ code: "restart", problem: expect.stringContaining("the rule late") }),
    );
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined));
    // What nobody confirms is under way for ten seconds more.
    await logged(gateway, '"starting anew, to take up what the disk holds"');
    await gateway.process.until("the second start", ({ stdout }) =>
      (stdout.match(/^\{"web"/gm) ?? []).length === 2 ? true : undefined,
    );
    expect((await status(data)).report).toMatchObject({ healthy: true });
    const value = await tram(["get", "sensor", "temperature", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(value.stdout)).toMatchObject({ value: 21.5 });
    expect((await gateway.process.end("SIGTERM")).code).toBe(0);
  });
});
