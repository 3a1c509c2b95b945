import { turn } from "./virtual-time.ts";

/**
 * Runs `work` and collects the rejections that nobody handled, which would end the gateway's process. The test
 * runner's own listeners are set aside for that while, so that the rule can tell it in its own words.
 */
export async function unhandledRejections(work: () => Promise<void>): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  const onRejection = (reason: unknown): void => void seen.push(reason);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", onRejection);
  try {
    await work();
    // Node tells of them after the microtasks of a turn have run.
    await turn();
    await turn();
  } finally {
    process.off("unhandledRejection", onRejection);
    for (const listener of others) process.on("unhandledRejection", listener);
  }
  return seen;
}
