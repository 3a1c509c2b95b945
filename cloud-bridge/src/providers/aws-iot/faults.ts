import { BridgeError } from "../../bridge-error.ts";

/**
 * AWS IoT does not say why it refuses: over MQTT 3.1.1 it closes the connection. What that means depends on when.
 * @param thing name of the Thing, which is the client id.
 */
export function explainConnect(error: unknown, thing: string): unknown {
  if (!(error instanceof BridgeError)) return error;
  const { code, message } = error;
  if (code === "refused" && message.includes("subscribe")) {
    return reworded(error, `${message}: the policy of the certificate has to allow it (iot:Subscribe)`);
  }
  // No CONNACK, or one that says no: TLS was fine, so AWS IoT knows the certificate, and does not want it.
  if (code !== "refused" && code !== "credentials") return error;
  return new BridgeError(
    "credentials",
    `${message}: right after CONNECT this means that the certificate is not active, or that its policy does not ` +
      `allow iot:Connect for client/${thing}`,
    { cause: error },
  );
}

/**
 * Why a connection has ended, with what may have been the reason.
 * @param topic of what was not acknowledged.
 */
export function explainEnd(reason: string, topic: string | undefined): string {
  if (topic === undefined || !isHangUp(reason)) return reason;
  return `${reason}, while ${topic} was published: does the policy of the certificate allow it (iot:Publish)?`;
}

/** Whether AWS IoT has closed the connection, and not we, nor the network by its silence. While we write it looks cut. */
export function isHangUp(reason: string): boolean {
  return /it (?:closed the connection|cut the connection \((?:EPIPE|ECONNRESET)\))$/.test(reason);
}

function reworded(error: BridgeError, message: string): BridgeError {
  return new BridgeError(error.code, message, { cause: error });
}
