import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { PRODUCT_SETTINGS } from "../bundle.ts";

test("the validator of the bundle checks the formats that schemas of ours and of modules name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-pure-packages-"));
  try {
    const outfile = join(folder, "validator.mjs");
    const formats = [
      "date-time",
      "date",
      "time",
      "duration",
      "email",
      "hostname",
      "ipv4",
      "ipv6",
      "uri",
      "uuid",
    ];
    const contents = `import { Compile } from "@tram/protocol/validator";
      const checked = ${JSON.stringify(formats)}.filter((format) => !Compile({ type: "string", format }).Check("- -"));
      console.log(checked.join());`;
    const resolveDir = join(import.meta.dirname, "../../gateway/daemon");
    await build({ ...PRODUCT_SETTINGS, stdin: { contents, resolveDir }, outfile });
    const { stderr, stdout } = spawnSync(process.execPath, [outfile], { encoding: "utf8", timeout: 20_000 });
    expect({ stderr, stdout }).toEqual({ stderr: "", stdout: `${formats.join()}\n` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
