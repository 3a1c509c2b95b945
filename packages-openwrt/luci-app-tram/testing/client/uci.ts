import type { rpcOf } from "./rpc.ts";

export type UciValue = string | readonly string[];
export type UciSection = Readonly<Record<string, UciValue | boolean | number>> & {
  readonly ".name": string;
  readonly ".type": string;
};

type Change =
  | { readonly do: "add"; readonly type: string; readonly name: string }
  | { readonly do: "delete"; readonly section: string; readonly option?: string }
  | { readonly do: "set"; readonly section: string; readonly values: Readonly<Record<string, UciValue>> };

/** The configuration of this page: loaded from rpcd, changed here, and sent there with `save`. */
export class Uci {
  readonly #call: (method: string, args: readonly string[]) => (...values: unknown[]) => Promise<unknown>;
  readonly #configs = new Map<string, Map<string, Record<string, UciValue | boolean | number>>>();
  #changes: { readonly config: string; readonly change: Change }[] = [];

  constructor(rpc: ReturnType<typeof rpcOf>) {
    this.#call = (method, params) => rpc.declare({ object: "uci", method, params, reject: true });
  }

  async load(config: string): Promise<readonly string[]> {
    if (this.#configs.has(config)) return [config];
    const { values } = (await this.#call("get", ["config"])(config)) as {
      values: Record<string, Record<string, UciValue>>;
    };
    this.#configs.set(config, new Map(Object.entries(values)));
    return [config];
  }

  get(config: string, section: string, option?: string): unknown {
    const found = this.#configs.get(config)?.get(section);
    return (option === undefined ? found : found?.[option]) ?? null;
  }

  sections(config: string, type?: string): readonly UciSection[] {
    const all = [...(this.#configs.get(config)?.values() ?? [])] as UciSection[];
    return type === undefined ? all : all.filter((section) => section[".type"] === type);
  }

  set(config: string, section: string, option: string, value: UciValue | null): void {
    const found = this.#configs.get(config)?.get(section);
    if (found === undefined) return;
    if (value === null || value === "" || value.length === 0) {
      if (found[option] === undefined) return;
      delete found[option];
      this.#note(config, { do: "delete", section, option });
    } else if (JSON.stringify(found[option]) !== JSON.stringify(value)) {
      found[option] = value;
      this.#note(config, { do: "set", section, values: { [option]: value } });
    }
  }

  unset(config: string, section: string, option: string): void {
    this.set(config, section, option, null);
  }

  add(config: string, type: string, name: string): string {
    this.#configs.get(config)?.set(name, { ".name": name, ".type": type, ".anonymous": false });
    this.#note(config, { do: "add", type, name });
    return name;
  }

  remove(config: string, section: string): void {
    this.#configs.get(config)?.delete(section);
    this.#note(config, { do: "delete", section });
  }

  /** Sends what was changed; it counts once it is applied. */
  async save(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    for (const { config, change } of changes) {
      const { do: method, ...rest } = change;
      const named = { config, ...rest };
      await this.#call(method, Object.keys(named))(...Object.values(named));
    }
  }

  apply(): Promise<unknown> {
    return this.#call("apply", ["rollback"])(false);
  }

  #note(config: string, change: Change): void {
    this.#changes.push({ config, change });
  }
}
