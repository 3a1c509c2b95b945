import { BridgeError } from "../../bridge-error.ts";

/** Who we say we are, for explanations. */
export interface Identity {
  readonly host: string;
  readonly org: string;
  /** `g:<org>:<type>:<id>`. */
  readonly clientId: string;
}

/**
 * IBM answers a CONNECT with a number; what that means for somebody with the console open.
 * @returns the error with the meaning added, or the error itself.
 */
export function explainConnect(error: unknown, { host, org, clientId }: Identity): unknown {
  if (!(error instanceof BridgeError)) return error;
  const { code, message } = error;
  const say = (meaning: string, as = code): BridgeError =>
    new BridgeError(as, `${message}: ${meaning}`, { cause: error });
  if (code === "credentials") {
    return say(
      `the token is not that of ${clientId}, or the organisation ${org} has no such gateway; a token is shown only when the gateway is registered`,
    );
  }
  if (code === "refused" && message.includes("client id")) {
    return say(
      `is ${org} the id of the organisation, and are gateway_type and gateway_id right (${clientId})?`,
    );
  }
  if (code === "refused" && message.includes("subscribe")) {
    return say("the gateway's role has to allow it; is its device type one of the class gateway?");
  }
  if (code === "refused" && message.includes("without an answer")) {
    return say(`IBM does so to clients that it does not know, or will not have (${clientId})`);
  }
  if (code === "unreachable" && message.includes("ENOTFOUND") && host.startsWith(`${org}.`)) {
    return say(`is ${org} the id of the organisation, and the domain that of Maximo Monitor?`);
  }
  return error;
}

/** Why a connection has ended: MQTT 3.1.1 has no word for it, and IBM knows few reasons. */
export function explainEnd(reason: string, clientId: string): string {
  if (!reason.endsWith("it closed the connection")) return reason;
  return `${reason}: mostly another client has connected as ${clientId}, and only the last one stays; or the gateway was removed or its token changed`;
}
