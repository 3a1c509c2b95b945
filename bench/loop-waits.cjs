const { writeFileSync } = require("node:fs");

/**
 * Loaded into a gateway (`--require`; plain JavaScript, for Node's reader of TypeScript takes 10 MB): how long what arrives at any moment waits until the event loop takes it, which is
 * when a reading is on the bus. Written at the end to the file that `TRAM_LOOP_WAITS` names, as JSON: `p99Ms`.
 */
const file = process.env.TRAM_LOOP_WAITS;
const TICK_MS = 1;
/** Longer ones count as so long. In milliseconds. */
const LONGEST_MS = 1_000;

if (file !== undefined) {
  /** Milliseconds in which whoever arrives waits so many milliseconds: of a stop of 10 ms one of each wait from 0 to 9. */
  const waits = new Float64Array(LONGEST_MS);
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const stop = Math.min(LONGEST_MS, now - last);
    for (let wait = 0; wait < stop; wait++) waits[wait] = (waits[wait] ?? 0) + Math.min(1, stop - wait);
    last = now;
  }, TICK_MS).unref();
  process.once("SIGUSR2", () => waits.fill(0));
  process.once("exit", () => {
    const all = waits.reduce((sum, each) => sum + each, 0);
    let [wait, above] = [LONGEST_MS, 0];
    while (wait > 0 && above + (waits[wait - 1] ?? 0) <= all / 100) above += waits[--wait] ?? 0;
    writeFileSync(file, JSON.stringify({ p99Ms: wait }));
  });
}
