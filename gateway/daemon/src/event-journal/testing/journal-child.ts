import { writeSync } from "node:fs";
import { Bus } from "@tram/core";
import type { PropertyKey, Reading, ThingId } from "@tram/protocol";
import { SystemClock } from "../../clock/system-clock.ts";
import { EventJournal } from "../event-journal.ts";

/**
 * A journal on disk in a process of its own, for tests that kill it. It says `kept N` when the disk has N readings, and
 * goes on.
 */
const [folder = "", batch = "100"] = process.argv.slice(2);
const clock = new SystemClock(() => "synced");
const bus = new Bus((error) => {
  throw error;
});
const waiting: (() => void)[] = [];
const journal = new EventJournal({
  clock,
  settings: { memoryBytes: 1_048_576, diskBytes: 4_194_304, keepMs: 3_600_000, folder, windowMs: 5 },
  meter: { wrote: () => waiting.splice(0).forEach((tell) => void tell()), verdict: "ok" },
  onHealth: () => process.exit(3),
});
journal.listen(bus);
journal.start("1.0", () => ({ things: [], readings: [] }));
const unit = { after: () => {} };
for (let number = 0; ; ) {
  for (let count = 0; count < Number(batch); count++) {
    const receivedAt = clock.now();
    const reading: Reading = {
      thing: "sensor" as ThingId,
      property: "a/b" as PropertyKey,
      value: ++number,
      quality: "good",
      time: receivedAt,
      receivedAt,
      origin: "device",
    };
    bus.emit("reading", { reading, previous: undefined }, unit as never);
  }
  // Only this batch is there to be written: the next write is of it.
  await new Promise<void>((resolve) => waiting.push(resolve));
  writeSync(1, `kept ${number}\n`);
}
