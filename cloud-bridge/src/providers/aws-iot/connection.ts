import type { Clock, CloudConnection, CloudDesk, CloudMessage, PublishOutcome } from "@tram/core";
import type { Json } from "@tram/protocol";
import type { MqttConnection, MqttOutgoing } from "../mqtt-connection.ts";
import { explainEnd, isHangUp } from "./faults.ts";
import { isJobContext, type Jobs } from "./jobs.ts";
import { Requests } from "./requests.ts";
import { isShadowContext } from "./shadow-context.ts";
import type { Shadows } from "./shadows.ts";

export interface AwsIotConnectionParts {
  readonly mqtt: MqttConnection;
  readonly shadows: Shadows;
  readonly jobs: Jobs;
  readonly desk: CloudDesk;
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** Things that have no shadow on this connection. */
  readonly without: ReadonlySet<string>;
  /** Whether jobs are done on it. */
  readonly withJobs: boolean;
  readonly topicOf: (message: CloudMessage) => string;
  readonly onAcknowledged: (topic: string) => void;
  /** AWS IoT has closed the connection before it acknowledged a request. */
  readonly onClosedOver: (topic: string) => void;
}

const ACKNOWLEDGED: Promise<PublishOutcome> = Promise.resolve({ outcome: "acknowledged" });
const MOST_TOLD = 1_000;

/** One connection to AWS IoT: messages go to their topics, states into shadows, the ends of commands back to who asked. */
export class AwsIotConnection implements CloudConnection {
  readonly closed: Promise<string>;
  readonly #parts: AwsIotConnectionParts;
  readonly #requests: Requests;
  /** Replies that AWS IoT has, and whose shadow or job has not: they come again, and are not published again. */
  readonly #told = new Set<string>();
  /** What AWS IoT has not acknowledged, the oldest first; of a batch the first message. */
  readonly #open = new Set<{ readonly topic: string; readonly request: boolean }>();
  #tokens = 0;
  #ended = false;

  constructor(parts: AwsIotConnectionParts) {
    this.#parts = parts;
    this.#requests = new Requests((outgoing) => this.#request(outgoing), parts.clock);
    this.closed = parts.mqtt.closed.then((reason) => this.#end(reason));
  }

  /** Reads shadows and jobs. Everything that they need is subscribed. */
  start(): void {
    const { shadows, jobs, desk, without, withJobs } = this.#parts;
    const session = { requests: this.#requests, desk, token: () => `t${++this.#tokens}` };
    if (withJobs) jobs.connected(session);
    shadows.connected(session, without);
  }

  /** Publishes what is no message of the outbox. */
  tell(topic: string, payload: Json): void {
    void this.#requests.post({ topic, payload: JSON.stringify(payload) });
  }

  async publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]> {
    const outcomes: Promise<PublishOutcome>[] = [];
    const direct: { readonly message: CloudMessage; readonly settle: (outcome: PublishOutcome) => void }[] =
      [];
    for (const message of batch) {
      if (message.class === "alarm" && message.quality === "good") this.#parts.shadows.follow(message);
      const report = this.#report(message) ?? this.#broughtAgain(message);
      if (report === undefined) {
        const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
        direct.push({ message, settle: resolve });
        outcomes.push(this.#withEnd(message, promise));
      } else outcomes.push(report);
    }
    const [first] = direct;
    const topic = first === undefined ? "" : this.#parts.topicOf(first.message);
    const open = { topic, request: false };
    if (first !== undefined) this.#open.add(open);
    void this.#parts.mqtt.publish(direct.map(({ message }) => message)).then((answers) => {
      if (answers.every(({ outcome }) => outcome !== "retry")) this.#open.delete(open);
      for (const [index, { settle }] of direct.entries()) {
        settle(answers[index] ?? { outcome: "retry", reason: "no answer" });
      }
    });
    return await Promise.all(outcomes);
  }

  /** The address of an image as it is now. @param context of the request for the firmware. */
  firmwareUrl(context: Json): Promise<string | undefined> {
    return this.#parts.jobs.freshUrl(context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.mqtt[Symbol.asyncDispose]();
    await this.closed;
  }

  /** A good state goes into its shadow, where there is one; that a value is stale or bad is told by a message. */
  #report(message: CloudMessage): Promise<PublishOutcome> | undefined {
    if (message.class !== "state" || message.quality !== "good" || this.#ended) return undefined;
    const report = this.#parts.shadows.report(message);
    return report?.then(async (outcome): Promise<PublishOutcome> => {
      if (outcome.outcome !== "misfit") return outcome;
      const [instead] = await this.#parts.mqtt.publish([message]);
      return instead ?? { outcome: "retry", reason: outcome.reason };
    });
  }

  #broughtAgain(message: CloudMessage): Promise<PublishOutcome> | undefined {
    return this.#told.has(message.id) ? this.#withEnd(message, ACKNOWLEDGED) : undefined;
  }

  /** The end of a command is told, and brought back to the shadow or the job that asked for it. */
  async #withEnd(message: CloudMessage, published: Promise<PublishOutcome>): Promise<PublishOutcome> {
    if (message.class !== "reply") return await published;
    const { shadows, jobs } = this.#parts;
    const { context, id } = message;
    let bringing = ACKNOWLEDGED;
    if (isShadowContext(context)) bringing = shadows.ended(message);
    else if (isJobContext(context)) bringing = jobs.ended(message);
    const [outcome, brought] = await Promise.all([published, bringing]);
    if (outcome.outcome !== "acknowledged") return outcome;
    if (brought.outcome === "acknowledged") this.#told.delete(id);
    else if (this.#told.size < MOST_TOLD) this.#told.add(id);
    return brought;
  }

  async #request(outgoing: MqttOutgoing): Promise<PublishOutcome> {
    const open = { topic: outgoing.topic, request: true };
    this.#open.add(open);
    const outcome = await this.#parts.mqtt.send(outgoing);
    // What is not acknowledged stays, until the end of the connection asks for it.
    if (outcome.outcome !== "retry") this.#open.delete(open);
    if (outcome.outcome === "acknowledged") this.#parts.onAcknowledged(outgoing.topic);
    return outcome;
  }

  #end(reason: string): string {
    this.#ended = true;
    const [open] = this.#open;
    if (open?.request === true && isHangUp(reason)) this.#parts.onClosedOver(open.topic);
    const explained = explainEnd(reason, open?.topic);
    this.#requests.close();
    this.#parts.shadows.lost(explained);
    this.#parts.jobs.lost(explained);
    return explained;
  }
}
