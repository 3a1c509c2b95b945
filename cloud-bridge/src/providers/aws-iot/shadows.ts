import type { Clock, CloudDesk, CloudMessage, PublishOutcome } from "@tram/core";
import { isJsonObject, type Json, type JsonObject, type Ms } from "@tram/protocol";
import type { AwsSession } from "./aws-session.ts";
import { AWS_LIMITS } from "./limits.ts";
import { parseShadowMessage, type ShadowPath } from "./shadow-document.ts";
import { type ReportOutcome, type ShadowEffect, ShadowMachine } from "./shadow-machine.ts";
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
  /** Other clients' updates that were looked at since the last delta was. */
  strangers: number;
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
/** A flood of deltas of one shadow is looked at so often; the last one tells everything. */
const DELTA_PAUSE_MS: Ms = 100;
const FIRST_PAUSE_MS: Ms = 1_000;
const LONGEST_PAUSE_MS: Ms = 60_000;
/** Children with a name that had to be cut, which are told in the gateway's own shadow. */
const MOST_CUT_NAMES = 20;

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
    const { gateway } = this.#parts.names;
    const own = this.#parts.names.idOf(gateway) ?? gateway;
    const local = new Map<string, [ShadowPath, Json | undefined][]>([[own, []]]);
    let things = 0;
    const cut: [string, Json][] = [];
    for (const { id } of desk.things()) {
      things++;
      local.set(id, local.get(id) ?? []);
      if (this.#parts.names.isCut(id) && cut.length < MOST_CUT_NAMES)
        cut.push([id, this.#parts.names.of(id)]);
    }
    for (const { thing, path, value } of statesOf(desk)) {
      const known = local.get(thing) ?? [];
      known.push([path, value]);
      local.set(thing, known);
    }
    const facts: [ShadowPath, Json][] = [
      [["gateway", "id"], own],
      [["gateway", "things"], things],
      [["gateway", "names"], Object.fromEntries(cut)],
    ];
    local.get(own)?.push(...facts);
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
    const ours = awaits !== undefined && Buffer.from(payload).includes(`"${awaits}"`);
    if (!ours && (heard.result === "rejected" || heard.operation === "get")) return;
    // Others write, too, and as often as they like; what is passed over is found when the shadow is read.
    if (!ours && keeper.strangers++ >= MOST_STRANGERS) return;
    const message = parseShadowMessage(payload) ?? {};
    if (ours && message.clientToken === awaits) this.#answered(awaits);
    if (heard.result === "accepted") {
      if (ours) keeper.failures = 0;
      this.#do(keeper, keeper.machine.accepted(heard.operation, message));
    } else {
      const code = typeof message.code === "number" ? message.code : 500;
      const said = String(message.message ?? "")
        .replace(/\p{C}/gu, " ")
        .slice(0, 200);
      this.#do(keeper, keeper.machine.rejected(message.clientToken, code, said));
    }
    this.#launch();
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
    const local: [ShadowPath, Json | undefined][] = [];
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
      else if (effect.do === "later") this.#later(keeper);
      else if (effect.do === "refuse") {
        const { wish } = effect;
        const { refusal } = wish;
        if (refusal === undefined) continue;
        this.#parts.refuse(keeper.thing, { ...wish, refusal });
        if (refusal.code === NO_PROPERTY.code) {
          const { reason } = refusal;
          this.#session?.desk.turnedAway?.({ where: `shadow of ${keeper.thing}`, code: "malformed", reason });
        }
      } else {
        const { do: operation, token } = effect;
        const body = effect.do === "get" ? { clientToken: token } : effect.body;
        this.#waiting.push({ keeper, operation, token, body });
      }
    }
    this.#launch();
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

/** Everything that belongs into a shadow. `undefined`: no good value was ever seen. */
function* statesOf(desk: CloudDesk) {
  for (const { class: kind, thing, name, value } of desk.snapshot()) {
    // What warns is an alarm while it is news, and a state otherwise.
    const state = kind === "state" || (kind === "alarm" && typeof value !== "number");
    if (state) yield { thing, path: name.split("/"), value: value === null ? undefined : value };
  }
}

const DONE: PublishOutcome = { outcome: "acknowledged" };

function labelOf({ thing, name }: ShadowRef): string {
  return name === undefined ? thing : `${thing}/${name}`;
}

interface ShadowContext {
  readonly via: "shadow";
  readonly id: string;
  readonly path: ShadowPath;
}

/** Whether a reply is that to a wish of a shadow. */
export function isShadowContext(context: unknown): context is ShadowContext {
  if (!isJsonObject(context)) return false;
  const { via, id, path } = context;
  return (
    via === "shadow" &&
    typeof id === "string" &&
    Array.isArray(path) &&
    path.every((key: Json) => typeof key === "string")
  );
}
