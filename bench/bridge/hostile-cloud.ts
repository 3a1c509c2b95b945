import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ARN, AwsIot, Flood, forgedDelta, gatewayPolicy } from "../../testkit/src/aws-iot/index.ts";

/**
 * The double of AWS IoT in a process of its own: `hostile-cloud.ts <folder> <deltas a second>`. It writes there what the
 * Thing `gw` needs to be let in, and says its port. On a line `flood` it begins; on `quiet` it ends that, throws away
 * what the gateway has not read, and tells how much it said once the gateway is there again.
 */
const [folder = "", perSecond = ""] = process.argv.slice(2);
/** AWS would not let it; this one may. */
const BOUNDLESS = { publishesPerS: 1e9, bytesPerS: 1e9, unacknowledged: 1e9 };
const LOOK_EVERY_MS = 20;

const aws = await AwsIot.open({ limits: BOUNDLESS });
const who = aws.enroll("gw", [
  gatewayPolicy(),
  {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "iot:Subscribe",
        // The shadows of all Things behind the gateway, in one filter.
        Resource: `${ARN}:topicfilter/$aws/things/+/shadow/name/gw/*`,
      },
    ],
  },
]);
writeFileSync(join(folder, "root.pem"), aws.rootCa);
writeFileSync(join(folder, "gw.pem"), who.certificate);
writeFileSync(join(folder, "gw.key"), who.key, { mode: 0o600 });
console.log(`port ${aws.port}`);

/** What is sent in a connection's place is lost with it: QoS 0, and there is no session. */
function delta(number: number): void {
  const terms = { version: 1_000 + number, at: Math.floor(aws.clock.now() / 1_000) };
  // One Thing that the cloud may set, and one that it may not.
  const [thing, state] =
    number % 2 === 0
      ? (["siren", { tone: { pitch: number } }] as const)
      : (["valve", { opening: { v0: -1 } }] as const);
  aws.publish(`$aws/things/gw--${thing}/shadow/name/gw/update/delta`, forgedDelta(state, terms), { qos: 0 });
}

async function connected(): Promise<void> {
  while (aws.connected.length === 0) await sleep(LOOK_EVERY_MS);
}

let flood: { readonly of: Flood; readonly since: number } | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "flood") {
    await connected();
    flood = { of: new Flood(Number(perSecond), delta), since: performance.now() };
    console.log("flooding");
  } else if (line === "quiet") {
    const rate = flood === undefined ? 0 : (1_000 * flood.of.said) / (performance.now() - flood.since);
    const [stayed] = aws.connected;
    flood?.of[Symbol.dispose]();
    flood = undefined;
    await aws.cut();
    await connected();
    console.log(`quiet ${Math.round(rate)} ${stayed === undefined ? "lost" : "stayed"}`);
  }
}
