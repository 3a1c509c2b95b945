import type { CloudConnection, CloudMessage, PublishOutcome } from "@tram/core";
import type { MqttConnection } from "../mqtt-connection.ts";
import type { Admission } from "./admission.ts";
import type { DeviceNames } from "./device-names.ts";
import { explainEnd } from "./faults.ts";
import type { Management } from "./management.ts";

export interface BluemixConnectionParts {
  readonly mqtt: MqttConnection;
  readonly names: DeviceNames;
  readonly admission: Admission;
  readonly management: Management;
  readonly clientId: string;
}

/** One connection to IBM's platform: each message is an event of its device, and counts once the cloud has kept it. */
export class BluemixConnection implements CloudConnection {
  readonly closed: Promise<string>;
  readonly #parts: BluemixConnectionParts;

  constructor(parts: BluemixConnectionParts) {
    this.#parts = parts;
    const { admission, clientId, management, mqtt } = parts;
    this.closed = mqtt.closed.then((reason) => {
      const explained = explainEnd(reason, clientId);
      admission.lost(explained);
      management.lost();
      return explained;
    });
  }

  async publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]> {
    // All are handed over in this turn, in order; only their outcomes are waited for.
    return await Promise.all(batch.map((message) => this.#publish(message)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.mqtt[Symbol.asyncDispose]();
    await this.closed;
  }

  async #publish(message: CloudMessage): Promise<PublishOutcome> {
    const { admission, management, mqtt, names } = this.#parts;
    const send = async (): Promise<PublishOutcome> => {
      const [outcome] = await mqtt.publish([message]);
      return outcome ?? { outcome: "retry", reason: "no answer" };
    };
    const device = names.of(message.thing);
    // The gateway itself is registered, or it would not be connected.
    const outcome = names.isGateway(device) ? await send() : await admission.publish(device, send);
    if (message.class === "reply" && outcome.outcome === "acknowledged") {
      await management.ended(message.context, message.value);
    }
    return outcome;
  }
}
