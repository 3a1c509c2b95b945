import { totalmem } from "node:os";

/** Bytes that the process may use at all: the machine's memory, or its control group's. */
export function availableMemory(): number {
  const total = totalmem();
  // 0 or a number beyond the machine where nothing is constrained.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, total) : total;
}
