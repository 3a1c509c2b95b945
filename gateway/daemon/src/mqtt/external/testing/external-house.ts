import type { LogFields, MqttClient, MqttMessage } from "@tram/core";
import { SystemClock } from "../../../clock/system-clock.ts";
import { type ExternalBroker, openExternalBroker } from "../external-broker.ts";
import type { ExternalSettings } from "../external-settings.ts";

export interface Taken {
  readonly client: MqttClient;
  readonly message: MqttMessage;
}

/** A gateway's side of an external broker, with a house that takes everything unless a test says otherwise. */
export class ExternalHouse implements AsyncDisposable {
  readonly taken: Taken[] = [];
  readonly lines: string[] = [];
  changes = 0;
  accept: (message: MqttMessage) => boolean | Promise<boolean> = () => true;
  isOwn: (message: MqttMessage) => boolean = () => false;
  readonly broker: ExternalBroker;
  readonly #clock = new SystemClock(() => "synced");

  constructor(settings: Partial<ExternalSettings> & Pick<ExternalSettings, "url">) {
    const line =
      (level: string) =>
      (fields: LogFields, text: string): void =>
        void this.lines.push(`${level}: ${text} ${JSON.stringify(fields)}`);
    this.broker = openExternalBroker(
      { clientId: "house", version: "auto", keepAliveSeconds: 30, sessionExpirySeconds: 600, ...settings },
      {
        accept: (client, message, enlist) => {
          this.taken.push({ client, message });
          void enlist;
          return this.accept(message);
        },
      },
      {
        clock: this.#clock,
        log: { debug() {}, info: line("info"), warn: line("warn"), error: line("error") },
        random: () => 0,
        filters: ["homie/5/#"],
        will: { topic: "homie/5/house/$state", payload: Buffer.from("lost"), qos: 1, retain: true },
        isOwn: (message) => this.isOwn(message),
        onSilence: () => undefined,
        onChange: () => void this.changes++,
      },
    );
  }

  /** What the house has heard, as `topic payload`. */
  get heard(): string[] {
    return this.taken.map(({ message }) => shown(message));
  }

  /** Resolves when the link is up. */
  async up(): Promise<this> {
    await this.says("is connected");
    return this;
  }

  /** Resolves when the log has this many lines with a text. */
  async says(text: string, times = 1): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.lines.filter((line) => line.includes(text)).length < times) {
      if (performance.now() > deadline) throw new Error(`not said: ${text}\n${this.lines.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close();
    this.#clock[Symbol.dispose]();
  }
}

export function shown({ topic, payload }: MqttMessage): string {
  return `${topic} ${Buffer.from(payload)}`;
}

export function message(topic: string, payload: string, options: Partial<MqttMessage> = {}): MqttMessage {
  return { topic, payload: Buffer.from(payload), qos: 1, retain: false, ...options };
}
