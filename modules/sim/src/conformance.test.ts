import { readFile } from "node:fs/promises";
import { checkQuality, moduleConformance } from "@tram/module-conformance";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { simModule } from "./sim-module.ts";

const checks = moduleConformance(simModule, {
  config: { seed: 7, speed: 60 },
  invalidConfigs: [
    { seed: 1.5 },
    { seed: -1 },
    { stepMs: 99 },
    { stepMs: 60_001 },
    { speed: 0 },
    { speed: 3_601 },
    { reportMs: 0 },
    { prefix: "Green House" },
    { prefix: "g".repeat(57) },
    { utcOffsetHours: 15 },
  ],
  commands: [
    { thing: "greenhouse-fan", target: { property: "fan/on" }, value: true },
    { thing: "greenhouse-fan", target: { property: "fan/speed" }, value: 42 },
    { thing: "greenhouse-valve", target: { property: "valve/open" }, value: true },
    { thing: "greenhouse-weather", target: { property: "weather/sun" }, value: 803 },
    { thing: "greenhouse-weather", target: { property: "weather/outside-temperature" }, value: 38.04 },
    { thing: "greenhouse-weather", target: { property: "weather/automatic" }, value: true },
    { thing: "greenhouse-valve", target: { action: "water" }, value: 2 },
  ],
});

describe("the sim module conforms", () => {
  for (const check of checks) test(check.name, check.run);

  test("quality.yaml names exactly the rules of the kit", async () => {
    const document: unknown = parse(await readFile(new URL("../quality.yaml", import.meta.url), "utf8"));
    expect(checkQuality(document, simModule.name)).toMatchObject({ ok: true });
  });
});
