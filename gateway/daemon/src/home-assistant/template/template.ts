import { show } from "@tram/protocol";
import { parseJson } from "../../foreign/json-payload.ts";
import { spendOfMessage, workOfMessage } from "../../foreign/message-work.ts";
import { compileTemplate, type Part, Scope } from "./compile.ts";
import type { TemplateValue } from "./kinds.ts";
import { beginWork, endWork, ITEM, TEMPLATE_LIMITS, work } from "./limits.ts";
import { bounded, textOf } from "./writing.ts";

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
      return problemOf(error);
    }
  }

  /**
   * Renders it for a payload that came: `value` is its text, `value_json` what it is as JSON.
   * @param names what else it knows.
   */
  renderPayload(payload: string, names: Readonly<Record<string, TemplateValue>> = {}): Rendered {
    const most = TEMPLATE_LIMITS.payload;
    if (payload.length > most) {
      return { ok: false, problem: `expected at most ${most} characters for a template, found more` };
    }
    const known = { ...names, value: payload, value_json: parseJson(payload) };
    const rendered = this.#render(known, { share: workOfMessage(), read: payload.length / ITEM });
    spendOfMessage(endWork());
    return rendered;
  }

  render(names: Readonly<Record<string, TemplateValue>>): Rendered {
    return this.#render(names, { share: 1, read: 0 });
  }

  /** @param read work that was done to know the names. */
  #render(
    names: Readonly<Record<string, TemplateValue>>,
    { read, share }: { readonly share: number; readonly read: number },
  ): Rendered {
    try {
      beginWork(share);
      work(read);
      const text = bounded(textOf(this.#part(new Scope(Object.entries(names)))).trim());
      work(text.length);
      return { ok: true, text };
    } catch (error) {
      return { ok: false, problem: problemOf(error) };
    }
  }
}

/** The source came from a device, and so did the payload: whatever they do is a mistake of theirs. */
function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : show(error);
}
