import { Worker } from "node:worker_threads";
import type { SnapshotDone, SnapshotJob } from "./snapshot-worker.ts";
import { failureOf } from "./store-failure.ts";

/** Does a job of reading a whole database over a connection and in a thread of its own: here it would hold up everything. */
export function runSnapshotJob(program: URL, job: SnapshotJob): Promise<SnapshotDone> {
  const thread = new Worker(program, { workerData: job, name: "tram-snapshot" });
  return new Promise((resolve) => {
    thread.once("message", resolve);
    thread.once("error", (error) => resolve({ failure: failureOf(error) }));
    // After a message this comes too late to count.
    thread.once("exit", () =>
      resolve({ failure: failureOf(new Error("the thread of the snapshot ended too early")) }),
    );
  });
}

/** The thread's program lies beside this one, in the sources as in the build and in the bundle. */
export function snapshotProgram(): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./snapshot-worker.${extension}`, import.meta.url);
}
