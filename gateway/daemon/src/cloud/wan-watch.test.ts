import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { WanWatch } from "./wan-watch.ts";

const log = { info: () => undefined };

test("the file counts before the configuration, as soon as it is looked at, and not when it is gone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tram-wan-"));
  try {
    const clock = new VirtualClock();
    const wan = new WanWatch({ clock, log, setting: "unmetered", folder });
    wan.begin();
    // Once more when the last cloud was removed, and another one added.
    wan.begin();
    const heard: string[] = [];
    wan.onChange(() => heard.push(wan.state));
    expect(wan.state).toBe("unmetered");
    writeFileSync(join(folder, "wan"), "metered\n");
    await clock.advance(10_000);
    writeFileSync(join(folder, "wan"), "what?");
    await clock.advance(10_000);
    writeFileSync(join(folder, "wan"), "metered".repeat(100));
    await clock.advance(10_000);
    writeFileSync(join(folder, "wan"), "metered");
    await clock.advance(20_000);
    rmSync(join(folder, "wan"));
    await clock.advance(10_000);
    expect(heard).toEqual(["metered", "unmetered", "metered", "unmetered"]);
    wan[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("without a runtime folder the configuration counts, and without a word nobody knows", () => {
  const clock = new VirtualClock();
  const states = (["metered", undefined] as const).map((setting) => {
    const wan = new WanWatch({ clock, log, setting, folder: undefined });
    wan.begin();
    return wan.state;
  });
  expect(states).toEqual(["metered", "unknown"]);
  expect(clock.pending).toBe(0);
});
