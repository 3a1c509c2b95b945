import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { PRODUCT_SETTINGS } from "../bundle.ts";

test.each(["mqtt", "mqtts"])(
  "an environment that asks for a proxy gets an error over %s, and no crash",
  async (protocol) => {
    const folder = mkdtempSync(join(tmpdir(), "tram-left-out-"));
    try {
      const outfile = join(folder, "client.mjs");
      const contents = `import mqtt from "mqtt";
      const client = mqtt.connect("${protocol}://127.0.0.1:1", { reconnectPeriod: 0 });
      client.on("error", ({ message }) => console.log(message));
      client.on("close", () => client.end(true));`;
      const resolveDir = join(import.meta.dirname, "../../gateway/daemon");
      await build({ ...PRODUCT_SETTINGS, stdin: { contents, resolveDir }, outfile });
      const { status, stdout } = spawnSync(process.execPath, [outfile], {
        encoding: "utf8",
        env: { PATH: process.env.PATH, MQTTJS_SOCKS_PROXY: "socks5://127.0.0.1:9" },
        timeout: 20_000,
      });
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: expect.stringContaining("there is no way through a SOCKS proxy"),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);

test("what the MQTT client remarks for its developers is not there", async () => {
  const contents = 'import mqtt from "mqtt"; mqtt.connect("mqtt://127.0.0.1:1");';
  const resolveDir = join(import.meta.dirname, "../../gateway/daemon");
  const { outputFiles } = await build({ ...PRODUCT_SETTINGS, stdin: { contents, resolveDir }, write: false });
  const text = outputFiles[0]?.text ?? "";
  expect(text).toContain("client disconnecting");
  expect(text.match(/"\w+ :: [^"]*"/g)).toBeNull();
}, 60_000);

test("what contains itself is logged as far as it goes, and is no crash", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-left-out-"));
  try {
    const outfile = join(folder, "log.mjs");
    const contents = `import { createLog } from "./src/logging.ts";
      const circle = {};
      circle.circle = circle;
      createLog("info", { add: () => undefined }).info({ circle, thing: "pump" }, "a text");`;
    const resolveDir = join(import.meta.dirname, "../../gateway/daemon");
    await build({ ...PRODUCT_SETTINGS, stdin: { contents, resolveDir }, outfile });
    const { status, stderr } = spawnSync(process.execPath, [outfile], { encoding: "utf8", timeout: 20_000 });
    expect({ status, ...JSON.parse(stderr) }).toMatchObject({
      status: 0,
      thing: "pump",
      msg: "a text",
      circle: expect.stringContaining("unable to serialize"),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
