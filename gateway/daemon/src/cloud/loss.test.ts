import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { bundlePrograms } from "../store/fixtures/bundle.ts";
import { temporaryFolder } from "../store/fixtures/temporary-folder.ts";
import { CloudRecord } from "./testing/cloud-record.ts";
import { FickleBroker, type Trouble } from "./testing/fickle-broker.ts";

/** `make crash` takes more days, at another rate. Each second one thins. */
const ROUNDS = Number(process.env.LOSS_ROUNDS ?? 2);
const PER_SECOND = Number(process.env.LOSS_RATE ?? 1);
const HOURS = Number(process.env.LOSS_HOURS ?? 24);
const MESSAGES = HOURS * 3_600 * PER_SECOND;
/** Of what is said, what is said before the cloud is there again. */
const OUTAGE = 0.98;
/** Of each, with a round. */
const [KILLS_OUTSIDE, KILLS_INSIDE, TROUBLES] = [3, 5, 8];
const START = Date.UTC(2026, 0, 5);
const KINDS: readonly Trouble[] = ["deaf", "mute", "cut"];

interface Round {
  readonly record: CloudRecord;
  kills: number;
  /** Where the next process goes on. */
  next: number;
  startAt: number;
  isOver: boolean;
  /** At so many that are told, or have arrived, the process is killed. */
  readonly killsAtTold: number[];
  readonly killsAtArrived: number[];
}

function sortedRandom(count: number, from: number, to: number): number[] {
  const numbers = Array.from({ length: count }, () => Math.floor(from + Math.random() * (to - from)));
  return numbers.sort((a, b) => a - b);
}

/** Lets one process run until it is killed, or done. */
async function run(child: ChildProcess, round: Round, broker: FickleBroker): Promise<void> {
  const from = round.next;
  let told = from;
  if (child.stdout === null) throw new Error("the child has no stdout");
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, number = "", time = ""] = line.split(" ");
    if (word === "begin") {
      round.next = Number(number);
      round.startAt = Number(time) + 10_000;
    } else if (word === "kept") {
      round.record.promise(told, Number(number));
      told = Number(number);
      if (told >= MESSAGES * OUTAGE) await broker.start();
    } else if (word === "drained") {
      round.isOver = true;
      if (Number(number) > 0) round.record.faults.push(`${number} were dropped`);
    } else if (word !== "told") round.record.faults.push(line);
    if (told >= (round.killsAtTold[0] ?? Number.POSITIVE_INFINITY)) {
      round.killsAtTold.shift();
      round.kills++;
      child.kill("SIGKILL");
    }
  }
  await ended;
}

test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  `round %i: ${HOURS} hours without the cloud, ${PER_SECOND}/s, over the real store, with kill -9`,
  {
    timeout: 120_000 + (MESSAGES / 1_000) * 1_500,
  },
  async (number) => {
    using place = temporaryFolder();
    using tools = temporaryFolder();
    await bundlePrograms(tools.folder, {
      "outage-child": new URL("./testing/outage-child.ts", import.meta.url),
    });
    const record = new CloudRecord(MESSAGES);
    const round: Round = {
      record,
      kills: 0,
      next: 0,
      startAt: START,
      isOver: false,
      killsAtTold: sortedRandom(KILLS_OUTSIDE, 0, MESSAGES * OUTAGE),
      killsAtArrived: sortedRandom(KILLS_INSIDE, 0, MESSAGES / 2),
    };
    const troublesAt = sortedRandom(TROUBLES, 0, MESSAGES / 2);
    const thins = number % 2 === 1;
    let child: ChildProcess | undefined;
    await using broker = new FickleBroker((payload) => {
      record.arrive(payload);
      if (record.messages >= (troublesAt[0] ?? Number.POSITIVE_INFINITY)) {
        troublesAt.shift();
        broker.troubleSoon(KINDS[troublesAt.length % KINDS.length] ?? "cut", Math.floor(Math.random() * 50));
      }
      if (record.messages < (round.killsAtArrived[0] ?? Number.POSITIVE_INFINITY)) return;
      round.killsAtArrived.shift();
      round.kills++;
      child?.kill("SIGKILL");
    });
    await broker.start();
    await broker.stop();
    while (!round.isOver) {
      const { next, startAt, kills } = round;
      const program = join(tools.folder, "outage-child.js");
      const parameters = [place.file, broker.port, next, MESSAGES, PER_SECOND, startAt, thins ? "thin" : ""];
      child = spawn(process.execPath, [program, ...parameters.map(String)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      try {
        await run(child, round, broker);
      } finally {
        child.kill("SIGKILL");
      }
      if (!round.isOver && round.kills === kills) throw new Error("the child ended by itself");
    }
    expect(record.faults).toEqual([]);
    expect(record.lost()).toEqual([]);
    // Else it proves nothing.
    expect(round.kills).toBeGreaterThanOrEqual(KILLS_OUTSIDE);
    expect(record.promised).toBeGreaterThan(0.9 * MESSAGES);
    expect(record.sums > 0).toBe(thins);
    if (!thins) expect(record.twice).toBeGreaterThan(0);
  },
);
