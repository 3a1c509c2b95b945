import { create } from "./dom.ts";
import { DynamicList, Flag, type FormHouse, ListValue, TextValue, Value } from "./form-option.ts";
import type { rpcOf } from "./rpc.ts";
import type { Uci } from "./uci.ts";
import type { uiOf } from "./ui.ts";

interface FormParts {
  readonly rpc: ReturnType<typeof rpcOf>;
  readonly uci: Uci;
  readonly ui: ReturnType<typeof uiOf>;
}

type OptionClass = new (house: FormHouse, option: string, title: string, description: string | null) => Value;

/** A section of a form with its options. */
abstract class Section {
  readonly options: Value[] = [];
  protected readonly house: FormHouse;

  constructor(house: FormHouse) {
    this.house = house;
  }

  option(type: OptionClass, option: string, title: string, description: string | null = null): Value {
    const made = new type(this.house, option, title, description);
    this.options.push(made);
    return made;
  }

  abstract readonly type: string;
  abstract render(): HTMLElement;
  abstract readonly shown: readonly string[];

  /** The options of one section of UCI; those that are not active are hidden as others change. */
  protected renderOptions(section: string): HTMLElement[] {
    const rows = this.options.map((option) => option.render(section));
    const look = (): void => {
      for (const option of this.options) option.show(section, option.isActive(section, this.options));
    };
    for (const row of rows) row.addEventListener("change", look);
    queueMicrotask(look);
    return rows;
  }

  /** @returns what is wrong; without problems everything is written. */
  parse(): string[] {
    const wrong = this.shown.flatMap((section) =>
      this.options
        .filter((option) => option.isActive(section, this.options))
        .flatMap((option) => option.problem(section) ?? []),
    );
    if (wrong.length > 0) return wrong;
    for (const section of this.shown) {
      for (const option of this.options) option.parse(section, option.isActive(section, this.options));
    }
    return [];
  }
}

/** `form.NamedSection`: one section of UCI. */
class NamedSection extends Section {
  readonly type: string;
  readonly shown: readonly string[];
  readonly #title: string;
  readonly #description: string | null;

  constructor(
    house: FormHouse,
    name: string,
    type: string,
    title: string,
    description: string | null = null,
  ) {
    super(house);
    this.shown = [name];
    this.type = type;
    this.#title = title;
    this.#description = description;
  }

  render(): HTMLElement {
    const [name = ""] = this.shown;
    return create("div", { class: "cbi-section", "data-section": name }, [
      create("h3", {}, [this.#title]),
      ...(this.#description === null ? [] : [create("p", {}, [this.#description])]),
      ...this.renderOptions(name),
    ]);
  }
}

/** Makes `form.GridSection`: all sections of a type, as a table; one is edited in a dialog. */
function gridSection({ ui, uci }: FormParts): unknown {
  return class GridSection extends Section {
    addremove = false;
    anonymous = true;
    nodescriptions = false;
    modaltitle: string | null = null;
    addbtntitle: string | null = null;
    readonly type: string;
    readonly #title: string;
    readonly #description: string | null;
    #edited: string | undefined;

    constructor(house: FormHouse, type: string, title: string, description: string | null = null) {
      super(house);
      this.type = type;
      this.#title = title;
      this.#description = description;
    }

    get shown(): readonly string[] {
      return this.#edited === undefined ? [] : [this.#edited];
    }

    render(): HTMLElement {
      const box = create("div", { class: "cbi-section", "data-section-type": this.type });
      const draw = (): void => box.replaceChildren(...this.#content(draw));
      draw();
      return box;
    }

    #content(draw: () => void): HTMLElement[] {
      const columns = this.options.filter(({ modalonly }) => modalonly !== true);
      const disabled = this.house.isReadonly() ? { disabled: "" } : {};
      const rows = uci.sections(this.house.config, this.type).map((section) => {
        const name = section[".name"];
        return create("tr", { class: "tr", "data-sid": name }, [
          create("th", { class: "td", scope: "row" }, [name]),
          ...columns.map((option) => create("td", { class: "td" }, [option.textvalue(name)])),
          create("td", { class: "td" }, [
            create(
              "button",
              { class: "btn", "aria-label": `Edit ${name}`, click: () => this.#edit(name, draw) },
              ["Edit"],
            ),
            create(
              "button",
              {
                class: "btn",
                ...disabled,
                "aria-label": `Delete ${name}`,
                click: () => {
                  uci.remove(this.house.config, name);
                  draw();
                },
              },
              ["Delete"],
            ),
          ]),
        ]);
      });
      const name = create("input", {
        class: "cbi-input-text",
        "aria-label": this.addbtntitle ?? "Add",
      }) as HTMLInputElement;
      const add = (): void => {
        if (!/^[A-Za-z0-9_]+$/.test(name.value)) return;
        uci.add(this.house.config, this.type, name.value);
        this.#edit(name.value, draw);
        draw();
      };
      return [
        create("h3", {}, [this.#title]),
        ...(this.#description === null ? [] : [create("p", {}, [this.#description])]),
        create("table", { class: "table" }, [
          create("tr", { class: "tr table-titles" }, [
            create("th", { class: "th", scope: "col" }, ["Name"]),
            ...columns.map(({ title }) => create("th", { class: "th", scope: "col" }, [title])),
            create("td", { class: "td" }),
          ]),
          ...rows,
        ]),
        ...(this.addremove && !this.house.isReadonly()
          ? [
              create("p", {}, [
                name,
                create("button", { class: "btn", click: add }, [this.addbtntitle ?? "Add"]),
              ]),
            ]
          : []),
      ];
    }

    #edit(section: string, draw: () => void): void {
      const close = (): void => {
        this.#edited = undefined;
        ui.hideModal();
        draw();
      };
      const save = (): void => {
        this.#edited = section;
        if (this.parse().length === 0) close();
        else this.#edited = undefined;
      };
      const title = this.modaltitle ?? section;
      const dialog = ui.showModal(title, [
        ...this.renderOptions(section),
        create("div", { class: "right" }, [
          create("button", { class: "btn", click: close }, ["Dismiss"]),
          ...(this.house.isReadonly() ? [] : [create("button", { class: "btn", click: save }, ["Save"])]),
        ]),
      ]);
      dialog.setAttribute("aria-label", title);
    }
  };
}

/** The form of a page, for its buttons and for tests. */
export interface CurrentForm {
  save(): Promise<void>;
  described(): Readonly<Record<string, readonly string[]>>;
}

/** `LuCI.form` over the configuration of this page. */
export function formOf(parts: FormParts): {
  readonly form: Readonly<Record<string, unknown>>;
  readonly current: () => CurrentForm | undefined;
} {
  const { rpc, uci } = parts;
  const access = rpc.declare({
    object: "session",
    method: "access",
    params: ["scope", "object", "function"],
    expect: { access: false },
  });

  class FormMap {
    readonly sections: Section[] = [];
    readonly config: string;
    readonly: boolean | undefined;
    readonly #title: string;
    readonly #description: string;

    constructor(config: string, title: string, description: string) {
      this.config = config;
      this.#title = title;
      this.#description = description;
      current = this;
    }

    section<Args extends unknown[], Made extends Section>(
      type: new (house: FormHouse, ...args: Args) => Made,
      ...args: Args
    ): Made {
      const house = { uci, config: this.config, isReadonly: () => this.readonly === true };
      const made = new type(house, ...args);
      this.sections.push(made);
      return made;
    }

    async render(): Promise<HTMLElement> {
      await uci.load(this.config);
      this.readonly ??= !(await access("uci", this.config, "write"));
      return create("div", { class: "cbi-map" }, [
        create("h2", {}, [this.#title]),
        create("p", {}, [this.#description]),
        ...this.sections.map((section) => section.render()),
      ]);
    }

    /** @throws {Error} that names what was entered wrongly; nothing is saved then. */
    async save(): Promise<void> {
      const wrong = this.sections.flatMap((section) => section.parse());
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
      await uci.save();
    }

    /** Which options of which types of sections the form shows. */
    described(): Record<string, string[]> {
      return Object.fromEntries(
        this.sections.map(({ type, options }) => [type, options.map(({ option }) => option)]),
      );
    }
  }

  let current: FormMap | undefined;
  return {
    form: {
      Map: FormMap,
      NamedSection,
      GridSection: gridSection(parts),
      Value,
      Flag,
      ListValue,
      TextValue,
      DynamicList,
    },
    /** The form of this page, if it has one. */
    current: () => current,
  };
}
