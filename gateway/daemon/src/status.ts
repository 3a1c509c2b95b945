import type { Bridge } from "@tram/cloud-bridge";
import type { Broker, Clock, StoreHealth } from "@tram/core";
import { type EpochMs, type GatewayView, PRODUCT, type Snapshot } from "@tram/protocol";
import type { Settings } from "./config/settings.ts";
import { clockProblem, storeProblem } from "./health-words.ts";
import type { House } from "./house.ts";
import type { RuleViews } from "./http/routes-rules.ts";
import type { SystemViews } from "./http/routes-system.ts";
import { iso, moduleView, thingView } from "./http/views.ts";
import { placeOf } from "./rules/place.ts";
import type { RuleHouse } from "./rules/rule-house.ts";

export interface StatusParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly house: House;
  readonly rules: RuleHouse;
  readonly bridges: readonly Bridge[];
  readonly broker: () => Broker;
  readonly nodeRed: NonNullable<GatewayView["nodeRed"]>;
  /** What else is wrong: since the start, or since then. */
  readonly problems: () => GatewayView["problems"];
}

/** The state of the gateway at this moment, as the API and the live socket show it. */
export class Status implements SystemViews, RuleViews {
  readonly #parts: StatusParts;
  readonly #startedAt: number;

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.now();
  }

  gateway(): GatewayView {
    const { settings, clock, house, nodeRed } = this.#parts;
    const { health } = house.transactions;
    const place = placeOf(settings.gateway);
    return {
      id: settings.gateway.id,
      name: settings.gateway.name,
      version: PRODUCT.version,
      startedAt: iso(this.#startedAt),
      now: iso(clock.now()),
      clock: clock.trust,
      timezone: settings.gateway.timezone,
      ...(place === undefined ? {} : { place }),
      store: health.failing ? "failing" : "ok",
      ...(health.failing && health.code !== undefined ? { storeCode: health.code } : {}),
      nodeRed,
      problems: this.#problems(health),
    };
  }

  #problems(health: StoreHealth): GatewayView["problems"] {
    const { settings, clock, problems } = this.#parts;
    const clockIs = clockProblem(clock.trust);
    return [
      ...(health.failing ? [storeProblem(health, settings.data)] : []),
      ...problems(),
      ...(clockIs === undefined ? [] : [clockIs]),
    ];
  }

  modules(): ReturnType<SystemViews["modules"]> {
    return this.#parts.house.supervisor.status().map(moduleView);
  }

  bridges(): ReturnType<SystemViews["bridges"]> {
    return this.#parts.bridges.map((bridge) => bridge.status());
  }

  rules(): ReturnType<RuleViews["rules"]> {
    return this.#parts.rules.list();
  }

  rule(id: string): ReturnType<RuleViews["rule"]> {
    return this.#parts.rules.get(id);
  }

  traces(id: string, most?: number): ReturnType<RuleViews["traces"]> {
    return this.#parts.rules.traces(id, most);
  }

  why(id: string, at?: EpochMs): ReturnType<RuleViews["why"]> {
    return this.#parts.rules.why(id, at);
  }

  snapshot(): Omit<Snapshot, "type" | "seq"> {
    const { house } = this.#parts;
    return {
      gateway: this.gateway(),
      things: [...house.registry.records()].map((record) => thingView(record, house)),
      rules: [...this.rules()],
      bridges: [...this.bridges()],
      modules: [...this.modules()],
    };
  }
}
