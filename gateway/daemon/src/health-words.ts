import type { StoreHealth } from "@tram/core";
import type { ClockTrust, GatewayView } from "@tram/protocol";

type Problem = GatewayView["problems"][number];

/** What is the matter with the disk, and what a person can do about it. */
const STORE: Readonly<Record<string, readonly [what: string, todo: (data: string) => string]>> = {
  full: ["the disk is full", (data) => `free space on the disk of ${data} (\`df ${data}\` shows it)`],
  "read-only": [
    "the data folder cannot be written",
    (data) =>
      `mount the disk of ${data} for writing, give the folder to the gateway's user, or name another one under \`data\``,
  ],
  corrupt: [
    "the database is damaged",
    () => "restore a backup, or restart the gateway: it takes the last snapshot",
  ],
};

const OTHER = [
  "the data folder cannot be used",
  (data: string) => `see that ${data} is a folder on a sound disk (\`dmesg\` tells of broken ones)`,
] as const;

/** The problem of a store that keeps nothing. */
export function storeProblem({ code, reason }: StoreHealth, data: string): Problem {
  const [what, todo] = STORE[code ?? ""] ?? OTHER;
  const because = reason === undefined ? "" : ` (${reason})`;
  const problem = `${what}${because}: nothing new is kept or acknowledged, rules and local control go on in memory. What to do: ${todo(data)}. The gateway notices by itself.`;
  return { code: "store", where: data, problem };
}

/** The problem of a clock that nobody has set; `undefined` of one that was right at least once. */
export function clockProblem(trust: ClockTrust): Problem | undefined {
  if (trust !== "untrusted") return undefined;
  const problem =
    "nothing has set the clock since power-on: times may be years off, and rules at a time of day wait; durations and everything else go on. What to do: give the machine a time server (NTP) or a battery-backed clock; if its clock is known to be right, set `gateway.clock: trusted`.";
  return { code: "clock", where: "gateway.clock", problem };
}
