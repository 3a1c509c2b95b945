import { compileTemplate, type Part, Scope } from "./compile.ts";
import { parseJson } from "./filters.ts";
import { TemplateError, type TemplateValue, textOf } from "./values.ts";

export type Rendered =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/**
 * A template of Home Assistant: what a device puts beside a topic to say how its payloads are to be read. The subset of
 * Jinja that such templates use; it knows no state of the house and no time, and does bounded work whatever it is given.
 * Parsed once, rendered for each message.
 */
export class Template {
  readonly #part: Part;

  private constructor(part: Part) {
    this.#part = part;
  }

  /** @returns the sentence that tells what is wrong or not supported, instead of a template. */
  static read(source: string): Template | string {
    try {
      return new Template(compileTemplate(source));
    } catch (error) {
      if (error instanceof TemplateError) return error.message;
      throw error;
    }
  }

  /**
   * Renders it for a payload that came: `value` is its text, `value_json` what it is as JSON.
   * @param names what else it knows.
   */
  renderPayload(payload: string, names: Readonly<Record<string, TemplateValue>> = {}): Rendered {
    return this.render({ ...names, value: payload, value_json: parseJson(payload) });
  }

  render(names: Readonly<Record<string, TemplateValue>>): Rendered {
    try {
      return { ok: true, text: textOf(this.#part(new Scope(Object.entries(names)))).trim() };
    } catch (error) {
      if (error instanceof TemplateError) return { ok: false, problem: error.message };
      throw error;
    }
  }
}
