import { test } from "vitest";
import { Stage } from "./stage.ts";

/** The numbers of the statements that a test proves, without `MQTT-` and with spaces between them. */
export interface Proven {
  readonly v4?: string;
  readonly v5?: string;
}

/** Proves statements with one test for each version that has them: `5.0 [MQTT-3.1.2-4] what it shows`. */
export function prove(title: string, { v4, v5 }: Proven, run: (stage: Stage) => Promise<void>): void {
  for (const [version, numbers] of [
    [4, v4],
    [5, v5],
  ] as const) {
    if (numbers === undefined) continue;
    test(`${version === 4 ? "3.1.1" : "5.0"} ${bracketed(numbers)} ${title}`, async () => {
      const stage = new Stage(version);
      await stage.open();
      await run(stage);
    });
  }
}

function bracketed(numbers: string): string {
  return numbers
    .split(" ")
    .map((number) => `[MQTT-${number}]`)
    .join(" ");
}
