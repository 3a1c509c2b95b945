import type { Clock, CloudMessage, PublishOutcome } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, type Ms } from "@tram/protocol";
import type { AwsSession } from "./aws-session.ts";
import { endingOf, type JobEffect, JobMachine, type JobRef } from "./job-machine.ts";
import { parseShadowMessage as parseObject, section } from "./shadow-document.ts";
import type { AwsTopics, Heard } from "./topics.ts";

export interface JobsParts {
  readonly topics: AwsTopics;
  readonly clock: Pick<Clock, "after">;
  /** Publishes what is too long for the details of a job. */
  readonly tell: (job: JobRef, value: Json) => void;
}

type Ticket = (outcome: PublishOutcome) => void;

const ANSWER_WITHIN_MS: Ms = 20_000;
/** The link gives up after 60 s without an answer. */
const PATIENCE_MS: Ms = 40_000;
const FIRST_PAUSE_MS: Ms = 1_000;
const LONGEST_PAUSE_MS: Ms = 60_000;

/** The jobs of one gateway. They live as long as the provider: what is worked on outlasts a connection. */
export class Jobs {
  readonly #parts: JobsParts;
  readonly #machine: JobMachine<Ticket>;
  readonly #unanswered = new Map<string, Disposable>();
  /** Wait for a fresh document, by the token of the request. */
  readonly #descriptions = new Map<string, (execution: JsonObject | undefined) => void>();
  #session: AwsSession | undefined;
  #failures = 0;
  #later: Disposable | undefined;

  constructor(parts: JobsParts) {
    this.#parts = parts;
    this.#machine = new JobMachine(() => this.#session?.token() ?? "");
  }

  connected(session: AwsSession): void {
    this.#session = session;
    this.#failures = 0;
    this.#do(this.#machine.connected());
  }

  lost(reason: string): void {
    this.#session = undefined;
    this.#later?.[Symbol.dispose]();
    this.#later = undefined;
    for (const patience of this.#unanswered.values()) patience[Symbol.dispose]();
    this.#unanswered.clear();
    for (const give of this.#descriptions.values()) give(undefined);
    this.#descriptions.clear();
    this.#do(this.#machine.lost(reason));
  }

  /** The end of what a job asked for. @returns when AWS IoT knows it. Never rejects. */
  ended({ context, value: result }: CloudMessage): Promise<PublishOutcome> {
    if (!isJobContext(context) || !isJsonObject(result)) return Promise.resolve(DONE);
    const { job, execution } = context;
    const { promise, resolve } = Promise.withResolvers<PublishOutcome>();
    const patience = this.#parts.clock.after(PATIENCE_MS, () =>
      resolve({ outcome: "retry", reason: "AWS IoT does not take the end of a job" }),
    );
    this.#do(
      this.#machine.ended({ job, execution }, endingOf(result), (outcome) => {
        patience[Symbol.dispose]();
        resolve(outcome);
      }),
    );
    return promise;
  }

  /**
   * The address of an image as it is now: presigned addresses are good for an hour at most, and a download may take
   * longer (developer guide, "Presigned URLs").
   * @param context of the request for the firmware.
   * @returns `undefined` when the job is over, or nobody answers.
   */
  async freshUrl(context: Json): Promise<string | undefined> {
    const session = this.#session;
    if (session === undefined || !isJobContext(context)) return undefined;
    const token = session.token();
    const { promise, resolve } = Promise.withResolvers<JsonObject | undefined>();
    this.#descriptions.set(token, resolve);
    this.#post("get", context.job, { token, body: { includeJobDocument: true, clientToken: token } });
    const execution = await promise;
    this.#descriptions.delete(token);
    const { url } = section(execution?.jobDocument);
    return execution?.executionNumber === context.execution &&
      typeof url === "string" &&
      url.startsWith("https://")
      ? url
      : undefined;
  }

  /** A message about jobs. */
  hear(heard: Heard & { readonly kind: "job" | "job-started" | "job-queue" }, payload: Uint8Array): void {
    const message = parseObject(payload);
    if (message === undefined) return;
    if (heard.kind === "job-queue") {
      this.#do(this.#machine.notified(message));
      return;
    }
    const { clientToken: token } = message;
    if (typeof token !== "string" || !this.#unanswered.has(token)) return;
    this.#answered(token);
    const describe = this.#descriptions.get(token);
    if (describe !== undefined) {
      describe(heard.result === "accepted" ? section(message.execution) : undefined);
      return;
    }
    if (heard.result === "accepted") this.#failures = 0;
    this.#do(heard.result === "accepted" ? this.#machine.accepted(message) : this.#machine.rejected(message));
  }

  #do(effects: readonly JobEffect<Ticket>[]): void {
    for (const effect of effects) {
      if (effect.do === "settle") for (const ticket of effect.tickets) ticket(effect.outcome);
      else if (effect.do === "tell") this.#parts.tell(effect.ref, effect.value);
      else if (effect.do === "later") this.#pause();
      else if (effect.do === "turn-away") {
        const { job, reason } = effect;
        this.#session?.desk.turnedAway?.({ where: `job ${job}`, code: "malformed", reason });
      } else if (effect.do === "ask") {
        const { request } = effect;
        void this.#session?.desk
          .ask(request)
          .then((answer) => this.#do(this.#machine.answered(request.id, answer)));
      } else if (effect.do === "start") {
        const { token } = effect;
        this.#post("start", "", { token, body: { clientToken: token } });
      } else if (effect.do === "describe") {
        const { token, job } = effect;
        this.#post("get", job, { token, body: { includeJobDocument: false, clientToken: token } });
      } else this.#post("update", effect.job, effect);
    }
  }

  #post(
    operation: "start" | "get" | "update",
    job: string,
    { token, body }: { readonly token: string; readonly body: JsonObject },
  ): void {
    const { topics, clock } = this.#parts;
    const topic = operation === "start" ? topics.startNextJob() : topics.job(job, operation);
    const missing = (): void => {
      this.#answered(token);
      const describe = this.#descriptions.get(token);
      if (describe === undefined) this.#do(this.#machine.unanswered(token));
      else describe(undefined);
    };
    this.#unanswered.set(token, { [Symbol.dispose]: () => undefined });
    void this.#session?.requests
      .post({ topic, payload: JSON.stringify(body) }, { urgent: true })
      .then((outcome) => {
        if (!this.#unanswered.has(token)) return;
        if (outcome.outcome === "acknowledged")
          this.#unanswered.set(token, clock.after(ANSWER_WITHIN_MS, missing));
        else missing();
      });
  }

  #answered(token: string): void {
    this.#unanswered.get(token)?.[Symbol.dispose]();
    this.#unanswered.delete(token);
  }

  #pause(): void {
    if (this.#later !== undefined || this.#session === undefined) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    this.#later = this.#parts.clock.after(pause, () => {
      this.#later = undefined;
      this.#do(this.#machine.wake());
    });
  }
}

const DONE: PublishOutcome = { outcome: "acknowledged" };

interface JobContext extends JobRef {
  readonly via: "job";
}

/** Whether a reply is that to a job. */
export function isJobContext(context: unknown): context is JobContext {
  if (!isJsonObject(context)) return false;
  const { via, job, execution } = context;
  return via === "job" && typeof job === "string" && typeof execution === "number";
}
