import { vi } from "vitest";

/** Waits for real sockets, on machines that do other things too. */
export async function until(check: () => boolean, withinMs = 10_000): Promise<void> {
  await vi.waitUntil(check, withinMs);
}
