import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { ROUTER_LIMITS, RouterBox } from "./router-box.ts";

const trial = RouterBox.open();
const missing = typeof trial === "string" ? trial : undefined;
if (typeof trial !== "string") trial[Symbol.dispose]();

describe.skipIf(missing !== undefined)("a router-like box", () => {
  it("ends what outgrows its memory, and nothing else", () => {
    const box = RouterBox.open({ ...ROUTER_LIMITS, memoryBytes: 64 * 1_048_576 });
    if (typeof box === "string") throw new Error(box);
    using _closed = box;
    const run = (script: string): ReturnType<typeof spawnSync> =>
      spawnSync("sh", ["-c", `${box.enter} && exec "${process.execPath}" -e '${script}'`]);
    expect(run("process.exit(7)").status).toBe(7);
    expect(box.peakBytes()).toBeGreaterThan(1_000_000);
    expect(run("const all = []; for (;;) all.push(Buffer.alloc(1e6, 1))").signal).toBe("SIGKILL");
  });

  it("gives its share of a core", () => {
    const box = RouterBox.open();
    if (typeof box === "string") throw new Error(box);
    using _closed = box;
    const script = `const start = process.hrtime.bigint(); let used = 0;
      while (process.hrtime.bigint() - start < 1500000000n) used++;
      const { user, system } = process.cpuUsage();
      console.log((user + system) / 1500000);`;
    const { stdout } = spawnSync("sh", ["-c", `${box.enter} && exec "${process.execPath}" -e '${script}'`]);
    expect(Number(stdout.toString())).toBeLessThan(0.45);
  });
});
