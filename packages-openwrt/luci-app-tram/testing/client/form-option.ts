import { datatype } from "./datatype.ts";
import { content, create } from "./dom.ts";
import type { Uci, UciValue } from "./uci.ts";

/** Where the options of a form read and write. */
export interface FormHouse {
  readonly uci: Uci;
  readonly config: string;
  readonly isReadonly: () => boolean;
}

/** `form.Value`: one option of UCI as a text field. The members are those that LuCI documents. */
export class Value {
  optional = false;
  rmempty = true;
  password = false;
  modalonly: boolean | null = null;
  datatype: string | null = null;
  placeholder: string | null = null;
  default: string | null = null;
  validate: ((section: string, value: string) => true | string) | null = null;
  write: ((section: string, value: UciValue) => unknown) | null = null;
  readonly option: string;
  readonly title: string;
  readonly description: string | null;
  protected readonly house: FormHouse;
  readonly #depends: { option: string; value: string }[] = [];

  constructor(house: FormHouse, option: string, title: string, description: string | null = null) {
    this.house = house;
    this.option = option;
    this.title = title;
    this.description = description;
  }

  depends(option: string, value: string): void {
    this.#depends.push({ option, value });
  }

  cfgvalue(section: string): UciValue | null {
    return (this.house.uci.get(this.house.config, section, this.option) as UciValue | null) ?? this.default;
  }

  /** What a grid shows. */
  textvalue(section: string): string {
    return String(this.cfgvalue(section) ?? "");
  }

  cbid(section: string): string {
    return `cbid.${this.house.config}.${section}.${this.option}`;
  }

  render(section: string): HTMLElement {
    const id = `widget.${this.cbid(section)}`;
    const widget = this.widget(id, section);
    if (this.house.isReadonly()) {
      for (const input of [widget, ...widget.querySelectorAll("input, select, textarea, button")]) {
        if ("disabled" in input) input.disabled = true;
      }
    }
    return create("div", { class: "cbi-value", id: this.cbid(section), "data-name": this.option }, [
      create("label", { class: "cbi-value-title", for: id }, [this.title]),
      create("div", { class: "cbi-value-field" }, [
        widget,
        create("div", { class: "tram-problem" }),
        ...(this.description === null
          ? []
          : [create("div", { class: "cbi-value-description" }, [this.description])]),
      ]),
    ]);
  }

  protected widget(id: string, section: string): HTMLElement {
    return create("input", {
      id,
      class: "cbi-input-text",
      type: this.password ? "password" : "text",
      ...(this.placeholder === null ? {} : { placeholder: this.placeholder }),
      value: this.cfgvalue(section) ?? "",
    });
  }

  protected node(section: string): HTMLElement | null {
    return document.getElementById(this.cbid(section));
  }

  formvalue(section: string): UciValue {
    return (
      this.node(section)?.querySelector<HTMLInputElement>("input, select, textarea")?.value ??
      this.cfgvalue(section) ??
      ""
    );
  }

  /** Hidden while none of the options that it depends on has the value that it depends on. */
  isActive(section: string, others: readonly Value[]): boolean {
    if (this.#depends.length === 0) return true;
    return this.#depends.some(({ option, value }) =>
      others.some((other) => other.option === option && other.formvalue(section) === value),
    );
  }

  show(section: string, active: boolean): void {
    this.node(section)?.toggleAttribute("hidden", !active);
  }

  /** @returns what is wrong with what was entered, and marks it. */
  problem(section: string): string | undefined {
    const value = this.formvalue(section);
    const found = typeof value === "string" ? [value] : value;
    const wrong = found.map((one) => this.#wrong(section, one)).find((one) => one !== undefined);
    const node = this.node(section);
    node?.querySelector("input, select, textarea")?.setAttribute("aria-invalid", String(wrong !== undefined));
    const place = node?.querySelector(".tram-problem");
    if (place) content(place, [wrong ?? ""]);
    return wrong === undefined ? undefined : `${this.title}: ${wrong}`;
  }

  #wrong(section: string, value: string): string | undefined {
    if (value === "") return this.optional ? undefined : "Expecting: non-empty value";
    const expected = this.datatype === null ? undefined : datatype(this.datatype)(value);
    if (expected !== undefined) return `Expecting: ${expected}`;
    const own = this.validate?.(section, value) ?? true;
    return own === true ? undefined : own;
  }

  /** Writes what was entered; what is hidden is removed. */
  parse(section: string, active: boolean): void {
    const { uci, config } = this.house;
    const value = active ? this.formvalue(section) : "";
    if (value.length === 0) uci.unset(config, section, this.option);
    else if (this.write !== null) this.write(section, value);
    else uci.set(config, section, this.option, value);
  }
}

/** `form.Flag`: 1 or 0. */
export class Flag extends Value {
  protected override widget(id: string, section: string): HTMLElement {
    const box = create("input", { id, type: "checkbox", class: "cbi-input-checkbox" }) as HTMLInputElement;
    box.checked = this.cfgvalue(section) === "1";
    return box;
  }

  /** Unlike the others, it writes no default. */
  override parse(section: string, active: boolean): void {
    const isDefault = (this.rmempty || this.optional) && this.formvalue(section) === this.default;
    if (isDefault) this.house.uci.unset(this.house.config, section, this.option);
    else super.parse(section, active);
  }

  override formvalue(section: string): UciValue {
    const box = this.node(section)?.querySelector<HTMLInputElement>("input");
    return box === undefined || box === null ? (this.cfgvalue(section) ?? "0") : box.checked ? "1" : "0";
  }
}

/** `form.ListValue`: one of some values. */
export class ListValue extends Value {
  readonly choices: { value: string; title: string }[] = [];

  value(value: string, title: string): void {
    this.choices.push({ value, title });
  }

  protected override widget(id: string, section: string): HTMLElement {
    const select = create(
      "select",
      { id, class: "cbi-input-select" },
      this.choices.map(({ value, title }) => create("option", { value }, [title])),
    ) as HTMLSelectElement;
    select.value = String(this.cfgvalue(section) ?? "");
    return select;
  }

  override textvalue(section: string): string {
    const value = String(this.cfgvalue(section) ?? "");
    return this.choices.find((choice) => choice.value === value)?.title ?? value;
  }
}

/** `form.TextValue`: several lines. */
export class TextValue extends Value {
  rows = 3;
  monospace = false;

  protected override widget(id: string, section: string): HTMLElement {
    const area = create("textarea", {
      id,
      class: "cbi-input-textarea",
      rows: this.rows,
      ...(this.placeholder === null ? {} : { placeholder: this.placeholder }),
    }) as HTMLTextAreaElement;
    area.value = String(this.cfgvalue(section) ?? "");
    return area;
  }
}

/** `form.DynamicList`: a list of UCI, one line each (LuCI has a field that grows). */
export class DynamicList extends Value {
  protected override widget(id: string, section: string): HTMLElement {
    const area = create("textarea", { id, rows: 2, class: "cbi-dynlist" }) as HTMLTextAreaElement;
    const value = this.cfgvalue(section) ?? [];
    area.value = typeof value === "string" ? value : value.join("\n");
    return area;
  }

  override formvalue(section: string): UciValue {
    const area = this.node(section)?.querySelector("textarea");
    if (area === undefined || area === null) return this.cfgvalue(section) ?? [];
    return area.value.split("\n").filter((line) => line !== "");
  }
}
