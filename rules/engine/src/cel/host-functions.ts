import type { HostFunctionName } from "./evaluation.ts";
import type { CelType } from "./value.ts";

/** A function that the host answers. */
export interface HostFunction {
  readonly name: HostFunctionName;
  readonly type: CelType;
  /** What its literal argument names, if it has one. */
  readonly argument?: "property" | "thing";
  /** Names of the members of its result. */
  readonly members?: readonly string[];
  /** Its result changes without a reading. */
  readonly usesTime?: boolean;
}

const LOCAL = ["hour", "minute", "second", "weekday", "day", "month", "year"];

export const HOST_FUNCTIONS: ReadonlyMap<string, HostFunction> = new Map(
  (
    [
      { name: "value", type: "dyn", argument: "property" },
      { name: "quality", type: "dyn", argument: "property" },
      { name: "held", type: "dyn", argument: "property", usesTime: true },
      { name: "available", type: "bool", argument: "thing" },
      { name: "now", type: "timestamp", usesTime: true },
      { name: "local", type: "map", members: LOCAL, usesTime: true },
      { name: "clockTrusted", type: "bool", usesTime: true },
    ] as const satisfies readonly HostFunction[]
  ).map((declared): [string, HostFunction] => [declared.name, declared]),
);
