import type { Registry } from "@tram/core";
import { isOwnDevice, type ThingId } from "@tram/protocol";

/** Who else there is whose id may begin as an account's children do. */
export interface Neighbours {
  /** An account has this name, or the gateway itself. */
  isAccount(name: string): boolean;
  readonly registry: Pick<Registry, "speaker">;
}

/**
 * Whether a Homie device id is an account's own: its name, or a child of it (`<name>-…`) that is nobody else's. The
 * longest name wins: with an account `fan-2`, the account `fan` has no say in `fan-2` and `fan-2-door`. Nor has it where
 * somebody else described the Thing, such as a module.
 */
export function ownsHomieDevice(account: string, device: string, neighbours: Neighbours): boolean {
  if (device === account) return true;
  if (!isOwnDevice(device, account)) return false;
  for (const id of upTo(device, account.length)) {
    if (neighbours.isAccount(id)) return false;
    const source = neighbours.registry.speaker(id as ThingId);
    if (source !== undefined && source !== `mqtt:${account}`) return false;
  }
  return true;
}

/** Names whose children an id would be: `fan-2-door` → `fan-2`, `fan`. */
export function ancestorsOf(id: string): readonly string[] {
  return [...upTo(id, 0)].slice(1);
}

/** An id and what is left of it as its parts go, while that is longer than `length`. */
function* upTo(id: string, length: number): Generator<string> {
  for (let end = id.length; end > length; end = id.lastIndexOf("-", end - 1)) yield id.slice(0, end);
}
