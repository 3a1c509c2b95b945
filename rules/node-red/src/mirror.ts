import type { BridgeInfo, Change, CommandInfo, GatewayInfo, RuleInfo, ThingInfo } from "./live-message.ts";

/** A house has fewer; more than this is kept by no honest gateway. */
const LIMITS = { things: 5_000, values: 1_000, rules: 5_000, bridges: 100 } as const;
/** Commands that are remembered, so that who asks for one a moment late still learns how it went. */
const COMMANDS_KEPT = 512;

/** How the gateway is, as far as it told. */
export class Mirror {
  readonly #things = new Map<string, ThingInfo>();
  readonly #rules = new Map<string, RuleInfo>();
  readonly #bridges = new Map<string, BridgeInfo>();
  readonly #commands = new Map<string, CommandInfo>();
  #gateway: GatewayInfo | undefined;

  get gateway(): GatewayInfo | undefined {
    return this.#gateway;
  }

  get things(): ReadonlyMap<string, ThingInfo> {
    return this.#things;
  }

  get rules(): ReadonlyMap<string, RuleInfo> {
    return this.#rules;
  }

  get bridges(): ReadonlyMap<string, BridgeInfo> {
    return this.#bridges;
  }

  /** One of the latest commands. */
  command(id: string): CommandInfo | undefined {
    return this.#commands.get(id);
  }

  /**
   * The key of a property, which may be given without its node where that is unambiguous.
   * @returns what was given where the Thing is not known.
   */
  propertyKey(thing: string, property: string): string {
    const known = this.#things.get(thing);
    if (known === undefined || property.includes("/")) return property;
    const found = [...known.properties.keys()].filter((key) => key.endsWith(`/${property}`));
    return found.length === 1 ? (found[0] ?? property) : property;
  }

  /** A snapshot follows, which tells everything anew; commands are not in it, and stay. */
  clear(): void {
    this.#things.clear();
    this.#rules.clear();
    this.#bridges.clear();
    this.#gateway = undefined;
  }

  take(change: Change): void {
    switch (change.kind) {
      case "thing":
        put(this.#things, change.thing.id, change.thing, LIMITS.things);
        break;
      case "retired":
        this.#things.delete(change.id);
        break;
      case "availability": {
        const thing = this.#things.get(change.id);
        if (thing !== undefined) {
          this.#things.set(change.id, { ...thing, availability: change.availability });
        }
        break;
      }
      case "reading": {
        const values = this.#things.get(change.id)?.values;
        if (values !== undefined) put(values, change.property, change.value, LIMITS.values);
        break;
      }
      case "command":
        this.#remember(change.command);
        break;
      case "rule":
        put(this.#rules, change.rule.id, change.rule, LIMITS.rules);
        break;
      case "rule-removed":
        this.#rules.delete(change.id);
        break;
      case "bridge":
        put(this.#bridges, change.bridge.id, change.bridge, LIMITS.bridges);
        break;
      case "bridge-removed":
        this.#bridges.delete(change.id);
        break;
      case "gateway":
        this.#gateway = change.gateway;
        break;
      case "alerts": {
        const thing = this.#things.get(change.id);
        if (thing !== undefined) this.#things.set(change.id, { ...thing, alerts: change.alerts });
        break;
      }
      case "notification":
        break;
    }
  }

  #remember(command: CommandInfo): void {
    this.#commands.delete(command.id);
    this.#commands.set(command.id, command);
    if (this.#commands.size > COMMANDS_KEPT) {
      const [oldest] = this.#commands.keys();
      if (oldest !== undefined) this.#commands.delete(oldest);
    }
  }
}

/** Sets what is there already, and what there is room for. */
function put<Value>(into: Map<string, Value>, key: string, value: Value, most: number): void {
  if (into.has(key) || into.size < most) into.set(key, value);
}
