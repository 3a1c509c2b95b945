import type { RecordingHouse } from "../../gateway/daemon/src/history/fixtures/recording-house.ts";

/** Numbers that look random and are the same each time, from 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a thermometer says: a day's wave, a little noise, one digit. @param time epoch milliseconds. */
export function temperature(time: number, device: number, random: () => number): number {
  const wave = Math.sin((time / 86_400_000) * 2 * Math.PI + device);
  return Math.round((24 + 6 * wave + random() * 0.3) * 10) / 10;
}

/**
 * Lets devices report for a time: each at its own pace with some 20 ms of jitter, as over Wi-Fi. The clock is virtual, the
 * files are real.
 */
export async function live(
  house: RecordingHouse,
  plan: {
    readonly devices: number;
    readonly everyMs: number;
    readonly durationMs: number;
    readonly property?: string;
    readonly windowMs?: number;
  },
): Promise<void> {
  const random = seeded(5);
  const { devices, durationMs, everyMs, property = "air/temperature", windowMs = 60_000 } = plan;
  for (let elapsed = 0; elapsed < durationMs; elapsed += everyMs) {
    for (let device = 0; device < devices; device++) {
      const time = house.clock.now() + Math.round((device * everyMs) / devices + random() * 40);
      const at = { time, receivedAt: time };
      house.report(`thing-${device}`, property, temperature(time, device, random), at);
    }
    await house.clock.advance(everyMs);
    // The window that may have ended is written beside this loop.
    if ((elapsed + everyMs) % windowMs < everyMs) await house.history.flush();
  }
}
