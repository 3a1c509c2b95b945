import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { endOrphans, MODULE_OF } from "./orphans.ts";

test("ends a process that spins and names the folder, and nobody else", async () => {
  const data = `/nowhere/${process.pid}`;
  const start = (folder: string) => {
    const child = spawn(process.execPath, ["-e", "console.log('up'); for (;;);"], {
      env: { [MODULE_OF]: folder },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const up = new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    return { child, up, ended };
  };
  const orphan = start(data);
  const stranger = start(`${data}-other`);
  await Promise.all([orphan.up, stranger.up]);
  expect(endOrphans(data)).toEqual([orphan.child.pid]);
  expect(await orphan.ended).toBe("SIGKILL");
  expect(stranger.child.exitCode).toBeNull();
  stranger.child.kill("SIGKILL");
  await stranger.ended;
  expect(endOrphans(data)).toEqual([]);
});

test("where the system shows no processes nothing happens", () => {
  expect(endOrphans("/data", "/nowhere")).toEqual([]);
});
