import type { Clock, CloudMessage, PublishOutcome, TurnedAway } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, type Ms } from "@tram/protocol";
import type { AwsSession } from "./aws-session.ts";
import { houseStates, type LocalState, statesOf } from "./house-states.ts";
import { AWS_LIMITS } from "./limits.ts";
import { isShadowContext } from "./shadow-context.ts";
import { parseShadowMessage, type ShadowPath } from "./shadow-document.ts";
import type { ReportOutcome, ShadowEffect } from "./shadow-effect.ts";
import { ShadowMachine } from "./shadow-machine.ts";
import { type EndedWish, NO_PROPERTY, type WishRefusal } from "./shadow-wishes.ts";
import type { ThingNames } from "./thing-names.ts";
import type { AwsTopics, Heard, ShadowRef } from "./topics.ts";

/** Where the state of a child is kept. */
export type ChildShadows = "named" | "classic" | "none";

export interface ShadowsParts {
  readonly names: ThingNames;
  readonly topics: AwsTopics;
  readonly children: ChildShadows;
  readonly clock: Pick<Clock, "after">;
  /** Publishes that nothing comes of a wish. @param thing of the house. */
  readonly refuse: (thing: string, wish: EndedWish & { readonly refusal: WishRefusal }) => void;
}

type Ticket = (outcome: ReportOutcome) => void;

/** A shadow with its machine, and what happens around it. */
interface Keeper {
  readonly thing: string;
  readonly shadow: ShadowRef;
  readonly machine: ShadowMachine<Ticket>;
  failures: number;
  later: Disposable | undefined;
  /** The last delta that is not looked at yet. */
  delta: Uint8Array | undefined;
  deltaPause: Disposable | undefined;
  /** Other clients' updates that were looked at since the last delta was, and their bytes. */
  strangers: number;
  strangerBytes: number;
  /** Messages with the token of our request somewhere that were no answer to it. */
  impostors: number;
}

interface Request {
  readonly keeper: Keeper;
  readonly operation: "get" | "update";
  readonly token: string;
  readonly body: JsonObject;
}

/** Shadow requests of a connection that are not answered; below what AWS allows. */
const REQUESTS = AWS_LIMITS.shadowRequests - 2;
const ANSWER_WITHIN_MS: Ms = 20_000;
/** A state that is not in its shadow by then goes another way: the link would give up after 60 s. */
const PATIENCE_MS: Ms = 15_000;
/** Other clients' updates of one shadow that are looked at between two deltas. */
const MOST_STRANGERS = 16;
/** The answer to an update of a whole shadow, with the times of all its members. */
const MOST_STRANGER_BYTES = 65_536;
/** Messages that are read for the answer to a request and are none. */
const MOST_IMPOSTORS = 16;
/** A flood of deltas of one shadow is looked at so often; the last one tells everything. */
const DELTA_PAUSE_MS: Ms = 100;
const FIRST_PAUSE_MS: Ms = 1_000;
const LONGEST_PAUSE_MS: Ms = 60_000;
/**
 * The shadows of one gateway: its own classic one, and one for each Thing behind it. They live as long as the provider,
 * so that what was asked over one connection is remembered on the next one.
 */
export class Shadows {
  readonly #parts: ShadowsParts;
  readonly #keepers = new Map<string, Keeper>();
  /** Wait for one of the few that may be without an answer. */
  readonly #waiting: Request[] = [];
  readonly #unanswered = new Map<string, Disposable>();
  #session: AwsSession | undefined;
  #without: ReadonlySet<string> = new Set();

  constructor(parts: ShadowsParts) {
    this.#parts = parts;
  }

  /**
   * Subscriptions that the shadows of these Things need besides the gateway's usual ones.
   * @param room for how many filters there is room.
   */
  filters(things: Iterable<string>, room: number): readonly string[] {
    if (this.#parts.children !== "classic") return [];
    const filters = [...things].flatMap((thing) => {
      const shadow = this.#refOf(thing);
      return shadow === undefined ? [] : this.#parts.topics.shadowFilters(shadow);
    });
    return filters.slice(0, room - (room % 3));
  }

  /** There is a connection, and everything that is needed is subscribed. @param without Things that have no shadow. */
  connected(session: AwsSession, without: ReadonlySet<string> = new Set()): void {
    this.#session = session;
    this.#without = without;
    const { desk } = session;
    const local = houseStates(desk, this.#parts.names);
    for (const [key, keeper] of this.#keepers) {
      if (local.has(keeper.thing) && !without.has(keeper.thing)) continue;
      this.#stop(keeper);
      this.#keepers.delete(key);
    }
    for (const [thing, values] of local) {
      const keeper = without.has(thing) ? undefined : this.#keeperOf(thing);
      if (keeper === undefined) continue;
      keeper.failures = 0;
      this.#do(keeper, keeper.machine.connected(values));
    }
  }

  /** The connection is gone. */
  lost(reason: string): void {
    this.#session = undefined;
    this.#waiting.length = 0;
    for (const patience of this.#unanswered.values()) patience[Symbol.dispose]();
    this.#unanswered.clear();
    for (const keeper of this.#keepers.values()) {
      this.#stop(keeper);
      this.#do(keeper, keeper.machine.lost(reason));
    }
  }

  /**
   * Brings a state into its shadow.
   * @returns `undefined` where there is no shadow for it.
   */
  report({ thing, name, value }: CloudMessage): Promise<ReportOutcome> | undefined {
    const keeper = this.#opened(thing);
    if (keeper === undefined) return undefined;
    const path = name.split("/");
    return this.#ticket(keeper, (ticket) => this.#do(keeper, keeper.machine.report(path, value, ticket)));
  }

  /** An alarm went to its topic; where its property is also a state, the shadow follows. */
  follow({ thing, name, value }: CloudMessage): void {
    const keeper = this.#opened(thing);
    const path = name.split("/");
    if (keeper?.machine.knows(path) !== true) return;
    this.#do(
      keeper,
      keeper.machine.report(path, value, () => undefined),
    );
  }

  /** The end of a command that came of a shadow. @returns when the shadow has it. Never rejects. */
  async ended({ thing, context, value: result }: CloudMessage): Promise<PublishOutcome> {
    const keeper = this.#opened(thing);
    if (keeper === undefined || !isShadowContext(context) || !isJsonObject(result)) return DONE;
    const { state, value = null } = result;
    const wish = { id: context.id, path: context.path, value };
    const fulfilled = state === "confirmed" || state === "sent";
    const outcome = await this.#ticket(keeper, (ticket) =>
      this.#do(keeper, keeper.machine.ended(wish, { fulfilled, readBack: state === "confirmed" }, ticket)),
    );
    return outcome.outcome === "retry" ? outcome : DONE;
  }

  /** A message about a shadow. */
  hear(heard: Heard & { readonly kind: "shadow" | "delta" }, payload: Uint8Array): void {
    const thing = this.#parts.names.idOf(heard.shadow.thing);
    const keeper = thing === undefined ? undefined : this.#opened(thing);
    if (keeper === undefined || keeper.shadow.name !== heard.shadow.name) return;
    if (heard.kind === "delta") {
      keeper.delta = payload;
      if (keeper.deltaPause === undefined) this.#lookAtDelta(keeper);
      return;
    }
    const { awaits } = keeper.machine;
    const maybeOurs =
      awaits !== undefined &&
      keeper.impostors < MOST_IMPOSTORS &&
      Buffer.from(payload).includes(`"${awaits}"`);
    const isUpdate = heard.result === "accepted" && heard.operation !== "get";
    if (!maybeOurs && !(isUpdate && this.#hasTimeFor(keeper, payload))) return;
    const message = parseShadowMessage(payload) ?? {};
    const ours = maybeOurs && message.clientToken === awaits;
    if (maybeOurs && !ours) keeper.impostors++;
    if (ours) this.#answered(awaits);
    else if (!isUpdate) return;
    if (heard.result === "accepted") {
      const effects = keeper.machine.accepted(heard.operation, message);
      if (ours && !effects.some((effect) => effect.do === "later")) keeper.failures = 0;
      this.#do(keeper, effects);
    } else {
      const code = typeof message.code === "number" ? message.code : 500;
      const said = String(message.message ?? "")
        .replace(/\p{C}/gu, " ")
        .slice(0, 200);
      this.#do(keeper, keeper.machine.rejected(message.clientToken, code, said));
    }
    this.#launch();
  }

  /** Others write, too, and as often as they like; what is passed over is found when the shadow is read. */
  #hasTimeFor(keeper: Keeper, { length }: Uint8Array): boolean {
    keeper.strangers++;
    keeper.strangerBytes += length;
    return keeper.strangers <= MOST_STRANGERS && keeper.strangerBytes <= MOST_STRANGER_BYTES;
  }

  /** A message was thrown away unread: if it was the answer, there is none. */
  missed(heard: Heard & { readonly kind: "shadow" | "delta" }): void {
    const thing = this.#parts.names.idOf(heard.shadow.thing);
    const keeper = thing === undefined ? undefined : this.#keepers.get(labelOf(heard.shadow));
    const awaits = keeper?.machine.awaits;
    if (heard.kind === "delta" || keeper === undefined || awaits === undefined) return;
    this.#answered(awaits);
    this.#do(keeper, keeper.machine.unanswered(awaits));
  }

  #lookAtDelta(keeper: Keeper): void {
    const { delta } = keeper;
    keeper.delta = undefined;
    keeper.deltaPause = undefined;
    if (delta === undefined) return;
    keeper.strangers = 0;
    keeper.strangerBytes = 0;
    keeper.deltaPause = this.#parts.clock.after(DELTA_PAUSE_MS, () => this.#lookAtDelta(keeper));
    const message = parseShadowMessage(delta);
    if (message !== undefined) this.#do(keeper, keeper.machine.delta(message));
  }

  /** The keeper of a Thing, made when a Thing is new; not where it has no shadow. */
  #opened(thing: string): Keeper | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    const shadow = this.#without.has(thing) ? undefined : this.#refOf(thing);
    if (shadow === undefined) return undefined;
    const known = this.#keepers.get(labelOf(shadow));
    // A classic shadow needs subscriptions of its own, which are made with the connection.
    if (known !== undefined || shadow.name === undefined) return known;
    const keeper = this.#keeperOf(thing);
    if (keeper === undefined) return undefined;
    const local: LocalState[] = [];
    for (const state of statesOf(session.desk))
      if (state.thing === thing) local.push([state.path, state.value]);
    this.#do(keeper, keeper.machine.connected(local));
    return keeper;
  }

  #keeperOf(thing: string): Keeper | undefined {
    const shadow = this.#refOf(thing);
    if (shadow === undefined) return undefined;
    const label = labelOf(shadow);
    let keeper = this.#keepers.get(label);
    if (keeper === undefined) {
      const machine = new ShadowMachine<Ticket>({
        label,
        owned: shadow.name !== undefined,
        token: () => this.#session?.token() ?? "",
      });
      keeper = {
        thing,
        shadow,
        machine,
        failures: 0,
        later: undefined,
        delta: undefined,
        deltaPause: undefined,
        strangers: 0,
        strangerBytes: 0,
        impostors: 0,
      };
      this.#keepers.set(label, keeper);
    }
    return keeper;
  }

  #refOf(thing: string): ShadowRef | undefined {
    const { names, children } = this.#parts;
    const name = names.of(thing);
    if (name === names.gateway) return { thing: name };
    if (children === "none") return undefined;
    return children === "classic" ? { thing: name } : { thing: name, name: names.gateway };
  }

  #do(keeper: Keeper, effects: readonly ShadowEffect<Ticket>[]): void {
    for (const effect of effects) {
      if (effect.do === "settle") for (const ticket of effect.tickets) ticket(effect.outcome);
      else if (effect.do === "ask") this.#ask(keeper, effect.wish);
      else if (effect.do === "later") {
        this.#later(keeper);
        if (effect.code !== undefined) this.#turnAway(keeper, effect.code, effect.reason);
      } else if (effect.do === "refuse") {
        const { wish } = effect;
        const { refusal } = wish;
        if (refusal === undefined) continue;
        this.#parts.refuse(keeper.thing, { ...wish, refusal });
        if (refusal.code === NO_PROPERTY.code) this.#turnAway(keeper, "malformed", refusal.reason);
      } else {
        const { do: operation, token } = effect;
        const body = effect.do === "get" ? { clientToken: token } : effect.body;
        this.#waiting.push({ keeper, operation, token, body });
      }
    }
    this.#launch();
  }

  #turnAway(keeper: Keeper, code: TurnedAway["code"], reason: string): void {
    this.#session?.desk.turnedAway?.({ where: `shadow of ${keeper.thing}`, code, reason });
  }

  #ask(keeper: Keeper, { id, path, value }: { id: string; path: ShadowPath; value: Json }): void {
    const [node, property] = path;
    const request = {
      kind: "command",
      id,
      thing: keeper.thing,
      target: { property: `${node}/${property}` as never },
      value,
      context: { via: "shadow", id, path },
    } as const;
    void this.#session?.desk
      .ask(request)
      .then((answer) => this.#do(keeper, keeper.machine.answered(id, answer)));
  }

  #later(keeper: Keeper): void {
    if (keeper.later !== undefined || this.#session === undefined) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(keeper.failures, 10));
    keeper.failures++;
    keeper.later = this.#parts.clock.after(pause, () => {
      keeper.later = undefined;
      this.#do(keeper, keeper.machine.wake());
    });
  }

  #launch(): void {
    const session = this.#session;
    if (session === undefined) return;
    while (this.#unanswered.size < REQUESTS) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#post(session, request);
    }
  }

  #post(session: AwsSession, { keeper, operation, token, body }: Request): void {
    keeper.impostors = 0;
    const missing = (): void => {
      this.#answered(token);
      this.#do(keeper, keeper.machine.unanswered(token));
    };
    // Until the pace lets it go it is nobody's fault that there is no answer.
    this.#unanswered.set(token, { [Symbol.dispose]: () => undefined });
    const topic = this.#parts.topics.shadow(keeper.shadow, operation);
    void session.requests.post({ topic, payload: JSON.stringify(body) }).then((outcome) => {
      if (!this.#unanswered.has(token)) return;
      if (outcome.outcome === "acknowledged") {
        this.#unanswered.set(token, this.#parts.clock.after(ANSWER_WITHIN_MS, missing));
      } else missing();
    });
  }

  #answered(token: string): void {
    this.#unanswered.get(token)?.[Symbol.dispose]();
    this.#unanswered.delete(token);
  }

  #stop(keeper: Keeper): void {
    keeper.later?.[Symbol.dispose]();
    keeper.later = undefined;
    keeper.deltaPause?.[Symbol.dispose]();
    keeper.deltaPause = undefined;
    keeper.delta = undefined;
  }

  #ticket(keeper: Keeper, hand: (ticket: Ticket) => void): Promise<ReportOutcome> {
    const { promise, resolve } = Promise.withResolvers<ReportOutcome>();
    // All of them together, or an older value would come again behind a newer one.
    const patience = this.#parts.clock.after(PATIENCE_MS, () =>
      this.#do(
        keeper,
        keeper.machine.abandon({ outcome: "misfit", reason: "its shadow was not written in time" }),
      ),
    );
    hand((outcome) => {
      patience[Symbol.dispose]();
      resolve(outcome);
    });
    return promise;
  }
}

const DONE: PublishOutcome = { outcome: "acknowledged" };

function labelOf({ thing, name }: ShadowRef): string {
  return name === undefined ? thing : `${thing}/${name}`;
}
