import type { Clock, Log } from "@tram/core";
import type { GatewayView, Ms } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import { PAIR } from "../mqtt/identity/pair-topics.ts";
import type { SignCsr } from "../mqtt/identity/pairing.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { Authority } from "./authority.ts";

/** How often the broker's certificate is held against the names and addresses that the machine has. */
const LOOK_MS: Ms = 60_000;

export interface OpenedAuthority extends Disposable {
  /** Undefined when its files could not be read. */
  readonly authority: Authority | undefined;
  readonly problems: GatewayView["problems"];
}

/** Opens the authority of the data folder. Files that cannot be read are a problem to tell, and stop nothing else. */
export function openAuthority(parts: {
  readonly data: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly names: readonly string[];
  readonly meter?: Pick<FeatureMeter, "wrote">;
}): OpenedAuthority {
  const { clock, log } = parts;
  let authority: Authority;
  try {
    authority = Authority.open(parts);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.error({ problem }, "the certificate authority cannot be read");
    return {
      authority: undefined,
      problems: [{ code: "ca", where: "data", problem }],
      [Symbol.dispose]: () => undefined,
    };
  }
  let failing = false;
  const look = (): void => {
    authority
      .look()
      .then(() => {
        failing = false;
      })
      .catch((error: unknown) => {
        if (!failing) log.error({ reason: String(error) }, "the certificate authority could not be kept up");
        failing = true;
      });
  };
  look();
  const timer = clock.every(LOOK_MS, look);
  // Once the time is known, dates decide.
  const step = clock.onStep(look);
  const dispose = (): void => {
    timer[Symbol.dispose]();
    step[Symbol.dispose]();
  };
  return { authority, problems: [], [Symbol.dispose]: dispose };
}

/** Signs the requests of devices that claim, while there is an authority: it may be made at any time. */
export function signerOf(authority: Authority | undefined): SignCsr {
  return (request, id) => {
    if (authority?.exists !== true) return undefined;
    return authority
      .sign(request, id, PAIR)
      .then((certificate) => ({ certificate, ca: authority.certificate ?? "" }));
  };
}
