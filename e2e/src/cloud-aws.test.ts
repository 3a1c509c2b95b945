import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AwsIot, type PolicyDocument } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { describeDevice, PROBE } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder } from "./processes.ts";
import { openRelay } from "./relay.ts";

const PATIENCE = { timeout: 45_000 };

/** The policy that the guide gives to its readers. */
function guidePolicy(): PolicyDocument {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guide/cloud-aws.md"), "utf8");
  const [, text = ""] = /```json\n(\{\n {2}"Version"[\s\S]*?)\n```/.exec(guide) ?? [];
  return JSON.parse(text) as PolicyDocument;
}

describe("a gateway at AWS IoT", () => {
  test("a wish of a shadow reaches the relay through kill -9, is reported and leaves; jobs end; nothing else is allowed", async () => {
    using folder = temporaryFolder("cloud-aws");
    await using aws = await AwsIot.open();
    const who = aws.enroll("house", [guidePolicy()]);
    const files = { "root.pem": aws.rootCa, "house.pem": who.certificate, "house.key": who.key };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder.path, name), text, { mode: 0o600 });
    const mqttPort = await freePort();
    const { config } = house(folder.path, {
      mqttPort,
      extra:
        `cloud: [{ id: aws, provider: aws-iot, endpoint: ${aws.host}, port: ${aws.port}, ` +
        `ca_file: ${join(folder.path, "root.pem")}, cert_file: ${join(folder.path, "house.pem")}, ` +
        `key_file: ${join(folder.path, "house.key")}, commands: [relay/switch/on] }]`,
    });
    const shadow = () => aws.shadows.get("house--relay", "house");
    const replies = () =>
      aws
        .received()
        .filter(({ topic }) => topic.startsWith("tram/house/reply/relay/"))
        .map(({ topic, payload }) => ({ topic, ...(JSON.parse(payload.toString()) as object) }));

    const first = await startGateway(config);
    await describeDevice(mqttPort, PROBE, "relay", {
      switch: {
        on: { datatype: "boolean", settable: true },
        delay: { datatype: "integer", settable: true },
        power: { datatype: "float" },
      },
    });
    {
      await using relay = await openRelay(mqttPort);
      await relay.report(false);
      await expect.poll(() => shadow()?.reported, PATIENCE).toEqual({ switch: { on: false } });
      aws.shadows.update("house--relay", { state: { desired: { switch: { on: true, delay: 5 } } } }, "house");
      await expect.poll(() => relay.set, PATIENCE).toEqual(["true"]);
    }
    // What this bridge may not set is taken back at once; the other wish waits for the relay.
    await expect.poll(() => shadow()?.desired, PATIENCE).toEqual({ switch: { on: true } });
    expect(replies()).toMatchObject([
      { topic: "tram/house/reply/relay/switch/delay", state: "refused", code: "forbidden", value: 5 },
    ]);
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _process = second.process;
    await using relay = await openRelay(mqttPort);
    await expect.poll(() => relay.set.length, PATIENCE).toBeGreaterThan(0);
    await relay.report(true);
    await expect
      .poll(() => shadow(), PATIENCE)
      .toMatchObject({ reported: { switch: { on: true } }, desired: { switch: {} } });
    expect(replies().slice(1)).toMatchObject([
      { topic: "tram/house/reply/relay/switch/on", state: "confirmed", value: true, origin: "cloud:aws" },
    ]);

    const job = { tram: 1, operation: "command", thing: "relay", property: "switch/on", value: false };
    aws.jobs.create({ jobId: "off", document: job, things: ["house"] });
    const sent = relay.set.length;
    await expect.poll(() => relay.set.slice(sent), PATIENCE).toEqual(["false"]);
    await relay.report(false);
    await expect.poll(() => aws.jobs.get("off", "house")?.status, PATIENCE).toBe("SUCCEEDED");
    aws.jobs.create({
      jobId: "rules",
      document: { tram: 1, operation: "rules", action: "get" },
      things: ["house"],
    });
    await expect
      .poll(() => aws.jobs.get("rules", "house"), PATIENCE)
      .toMatchObject({ status: "REJECTED", statusDetails: { code: "forbidden" } });
    await expect.poll(() => shadow()?.reported, PATIENCE).toEqual({ switch: { on: false } });
    expect(aws.incidents.map(({ code }) => code)).toEqual([]);
  });
});
