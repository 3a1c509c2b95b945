import type { RouterBox } from "../../testkit/src/router-box.ts";
import { Child } from "../child-processes.ts";

/** How a broker is to be run. */
export interface Running {
  /** Folder of its own on the disk. */
  readonly folder: string;
  /** What is acknowledged must survive: `crash` the end of the process, `power` a power cut, where it can do that. */
  readonly keeping: "memory" | "crash" | "power";
  /** A control group that it runs in. */
  readonly box: RouterBox | undefined;
}

export interface Started {
  readonly child: Child;
  readonly port: number;
}

/** A broker that takes part. */
export interface Contestant {
  readonly name: string;
  start(running: Running): Promise<Started>;
}

/** Starts a program, in the box if there is one: the shell becomes the program, one process with one pid. */
export function spawnIn(box: RouterBox | undefined, command: string, args: readonly string[]): Child {
  if (box === undefined) return new Child(command, args);
  return new Child("sh", ["-c", `${box.enter} && exec "$@"`, "sh", command, ...args]);
}
