import { type Broker, backoffMs, type Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import type { Outcome } from "@tram/rules";
import { type EffectRow, isTooLate, type Outgoing } from "./effect-row.ts";
import type { HostList } from "./host-list.ts";
import { callHttp, HttpFault, type HttpRequest } from "./http-call.ts";
import { HttpLanes } from "./http-lanes.ts";
import { topicRefusal } from "./topic-refusal.ts";

/** Where a notification goes, as the configuration names it. */
export interface WebhookTarget {
  readonly id: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const WEBHOOK_TIMEOUT_MS: Ms = 10_000;
const AGAIN = { firstMs: 5_000, longestMs: 300_000 } as const;
/** Of a notification that is no alarm and was not to be retried. */
const ATTEMPTS = 3;

export interface CarrierParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly broker: () => Pick<Broker, "publish">;
  readonly hosts: HostList;
  readonly webhooks: readonly WebhookTarget[];
  /** Id of the gateway, which a notification names. */
  readonly gateway: string;
}

type Of<Kind extends Outgoing["kind"]> = Extract<Outgoing, { kind: Kind }>;

/** Brings effects out of the house: to the broker, to HTTP hosts, to the webhooks of notifications. */
export class Carriers {
  readonly #parts: CarrierParts;
  readonly #lanes = new HttpLanes();

  constructor(parts: CarrierParts) {
    this.#parts = parts;
  }

  /** Why an effect cannot be carried out at all; `undefined` when it may be tried. Nothing is sent. */
  refusal(effect: Outgoing): string | undefined {
    switch (effect.kind) {
      case "publish":
        return topicRefusal(effect.topic);
      case "http": {
        const url = URL.parse(effect.url);
        return url === null ? "expected an absolute URL" : this.#parts.hosts.refusal(url);
      }
      case "webhook":
        return this.#target(effect.to) === undefined
          ? `there is no ${effect.to} among rules.webhooks`
          : undefined;
    }
  }

  /** Carries an effect out, as often as it takes. Never rejects, unless `signal` aborts. */
  async carry(row: EffectRow, signal: AbortSignal): Promise<Outcome> {
    const { effect } = row;
    switch (effect.kind) {
      case "publish":
        return this.#publish(effect);
      case "http":
        return this.#lane(effect, this.#untilTimeout(row), (timeoutMs) =>
          this.#call({ ...effect, timeoutMs }, (url) => this.#parts.hosts.refusal(url), {
            awaited: effect.awaited,
            signal,
          }),
        );
      case "webhook":
        return this.#notify(row, effect, signal);
    }
  }

  async #publish({ payload, qos, retain, topic }: Of<"publish">): Promise<Outcome> {
    try {
      await this.#parts.broker().publish({ topic, payload: Buffer.from(payload), qos, retain });
      return { state: "sent" };
    } catch (error) {
      return { state: "failed", detail: (error as Error).message };
    }
  }

  /** A run waits no longer than the timeout says, whatever waits before it in the lane. */
  #untilTimeout({ effect }: EffectRow): () => Ms {
    const { clock } = this.#parts;
    const until = clock.monotonic() + (effect.kind === "http" ? effect.timeoutMs : WEBHOOK_TIMEOUT_MS);
    return () => until - clock.monotonic();
  }

  async #lane(
    { rule }: Outgoing,
    left: () => Ms,
    work: (timeoutMs: Ms) => Promise<Outcome>,
  ): Promise<Outcome> {
    const done = await this.#lanes.run(rule, async (): Promise<Outcome> => {
      const timeoutMs = left();
      if (timeoutMs <= 0) return { state: "timeout", detail: "too many other requests were before it" };
      return work(timeoutMs);
    });
    return done ?? { state: "failed", detail: "too many requests wait" };
  }

  async #call(
    request: HttpRequest,
    refusal: (url: URL) => string | undefined,
    { awaited, signal }: { readonly awaited: boolean; readonly signal: AbortSignal },
  ): Promise<Outcome> {
    const { clock } = this.#parts;
    try {
      const { body, status } = await callHttp(request, { clock, refusal, signal });
      const ok = status >= 200 && status < 300;
      return {
        state: ok ? "confirmed" : "failed",
        ...(ok ? {} : { detail: `status ${status}` }),
        value: { status, ok, ...(awaited ? { body } : {}) },
      };
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      return { state: error.code, detail: error.message };
    }
  }

  async #notify(row: EffectRow, effect: Of<"webhook">, signal: AbortSignal): Promise<Outcome> {
    const { clock, gateway, random } = this.#parts;
    const { level, rule, text, to } = effect;
    const target = this.#target(to);
    if (target === undefined) return { state: "failed", detail: `there is no ${to}` };
    const { origin } = new URL(target.url);
    const request = {
      url: target.url,
      method: "POST",
      headers: { ...target.headers, "content-type": "application/json" },
      body: JSON.stringify({ rule, level, text, time: new Date(row.since.wall).toISOString(), gateway }),
      timeoutMs: WEBHOOK_TIMEOUT_MS,
    };
    // It may lead elsewhere on its host, and to no other: nobody allowed that.
    const refusal = (url: URL) => (url.origin === origin ? undefined : `${url.host} is another host`);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#lane(effect, this.#untilTimeout(row), (timeoutMs) =>
        this.#call({ ...request, timeoutMs }, refusal, { awaited: false, signal }),
      );
      const late = effect.retry ? isTooLate(row, clock.instant()) : attempt >= ATTEMPTS;
      if (outcome.state === "confirmed" || isFinal(outcome) || late) {
        const tries = attempt === 1 ? "" : `, after ${attempt} attempts`;
        return outcome.detail === undefined ? outcome : { ...outcome, detail: `${outcome.detail}${tries}` };
      }
      await clock.sleep(backoffMs(attempt, AGAIN, random()), signal);
    }
  }

  #target(id: string): WebhookTarget | undefined {
    return this.#parts.webhooks.find((one) => one.id === id);
  }
}

/** The receiver will never take it: RFC 9110 §15.5, but for "later" and "too many". */
function isFinal({ state, value }: Outcome): boolean {
  if (state === "refused") return true;
  const status = (value as { status?: number } | undefined)?.status ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}
