import { expect, it } from "vitest";
import { FlightWindow } from "./flight-window.ts";

/** Fills the window with messages over a line, and tells the longest that one waited for its answer. */
function overLine(
  window: FlightWindow,
  { bytesPerS, latencyMs }: { bytesPerS: number; latencyMs: number },
  size: number,
) {
  let [now, freeAt] = [0, 0];
  const answers: { at: number; sentAt: number }[] = [];
  const took: number[] = [];
  for (let count = 0; count < 500; count++) {
    while (!window.admits(size)) {
      const next = answers.shift();
      if (next === undefined) throw new Error("the window is shut and nothing flies");
      now = next.at;
      took.push(now - next.sentAt);
      window.answered(size, now - next.sentAt);
    }
    freeAt = Math.max(now, freeAt) + (size / bytesPerS) * 1_000;
    window.sent(size);
    answers.push({ at: freeAt + 2 * latencyMs, sentAt: now });
  }
  return { slowestMs: Math.max(...took.slice(-200)), seconds: now / 1_000, bytes: 500 * size };
}

it("keeps the queue on a slow line short, and the line busy", () => {
  const { bytes, seconds, slowestMs } = overLine(
    new FlightWindow(),
    { bytesPerS: 8_000, latencyMs: 100 },
    1_000,
  );
  expect(slowestMs).toBeLessThan(3_500);
  expect(bytes / seconds).toBeGreaterThan(7_000);
});

it("opens on a line that is long and wide", () => {
  const window = new FlightWindow();
  const { bytes, seconds } = overLine(window, { bytesPerS: 1_000_000, latencyMs: 500 }, 2_000);
  expect(window.limit).toBeGreaterThan(100_000);
  expect(bytes / seconds).toBeGreaterThan(100_000);
});

it("always admits one message, however large", () => {
  const window = new FlightWindow();
  expect(window.admits(10_000_000)).toBe(true);
  window.sent(10_000_000);
  expect(window.admits(1)).toBe(false);
  window.answered(10_000_000, 60_000);
  expect(window.admits(10_000_000)).toBe(true);
});

it("gets smaller once for what left before it got smaller", () => {
  const window = new FlightWindow();
  const before = window.limit;
  for (let count = 0; count < 8; count++) window.sent(4_000);
  window.answered(4_000, 100);
  for (let count = 0; count < 7; count++) window.answered(4_000, 5_000);
  expect(window.limit).toBe(Math.floor((before + 4_000) / 2));
});
