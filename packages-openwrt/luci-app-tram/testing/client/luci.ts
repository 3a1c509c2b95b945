import { Base } from "./class.ts";
import { append, content, create } from "./dom.ts";
import type { Environment } from "./environment.ts";
import { formOf } from "./form.ts";
import { Poll } from "./poll.ts";
import { fsOf, rpcOf } from "./rpc.ts";
import { format, translation } from "./translation.ts";
import { Uci } from "./uci.ts";
import { uiOf } from "./ui.ts";

/** What a view is: LuCI loads, renders and puts it into the page. */
interface View {
  load?(): unknown;
  render(loaded: unknown): Node | Promise<Node>;
  /** `null` in views without settings: they have no buttons to save. */
  readonly handleSave?: unknown;
}

const env = JSON.parse(document.querySelector("#environment")?.textContent ?? "{}") as Environment;
const missing = new Set<string>();
const { _, N_ } = translation(env.catalogue, missing);
const rpc = rpcOf(env);
const uci = new Uci(rpc);
const ui = uiOf(() => uci.apply());
const { form, current } = formOf({ rpc, uci, ui });
const E = create;

const L = {
  env,
  hasViewPermission: (): boolean => !env.nodespec.readonly,
  resource: (...parts: string[]): string => [env.resource, ...parts].join("/"),
  url: (...parts: string[]): string => [env.scriptname, ...parts].join("/"),
  resolveDefault: (value: unknown, fallback: unknown): Promise<unknown> =>
    Promise.resolve(value).catch(() => fallback),
};

const view = Base.extend({});
const built: Readonly<Record<string, unknown>> = {
  baseclass: Base,
  dom: { content, append, create },
  form,
  fs: fsOf(rpc),
  poll: new Poll(),
  rpc,
  uci,
  ui,
  view,
};
const loading = new Map<string, Promise<unknown>>();

/** A class by its name: `tram.gateway` is `tram/gateway.js`. Its leading lines say what it requires; there is one instance. */
function load(name: string): Promise<unknown> {
  const known =
    loading.get(name) ?? (Object.hasOwn(built, name) ? Promise.resolve(built[name]) : evaluate(name));
  loading.set(name, known);
  return known;
}

async function evaluate(name: string): Promise<unknown> {
  const url = `${env.resource}/${name.replaceAll(".", "/")}.js`;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const text = await response.text();
  const names: string[] = [];
  const values: unknown[] = [];
  for (const [, required = "", alias] of text.matchAll(/^'require ([\w.-]+)(?: as (\w+))?';$/gm)) {
    names.push(alias ?? required.replace(/\W/g, "_"));
    values.push(await load(required));
  }
  const made: unknown = new Function("window", "document", "L", ...names, `${text}\n//# sourceURL=${url}`)(
    window,
    document,
    L,
    ...values,
  );
  if (typeof made !== "function" || !(made.prototype instanceof Base)) throw new Error(`${url}: no class`);
  return new (made as typeof Base)();
}

/** The buttons of a view with settings. */
function footer(): HTMLElement {
  const save = (andApply: boolean) => async (): Promise<void> => {
    try {
      await current()?.save();
      if (andApply) await uci.apply();
      ui.addNotification(null, E("p", {}, [andApply ? "Applied" : "Saved"]), "info");
    } catch (error) {
      ui.addNotification("Save error", E("p", {}, [(error as Error).message]), "danger");
    }
  };
  return E("div", { class: "cbi-page-actions" }, [
    E("button", { class: "btn cbi-button-apply", click: save(true) }, ["Save & Apply"]),
    E("button", { class: "btn cbi-button-save", click: save(false) }, ["Save"]),
  ]);
}

async function open(): Promise<void> {
  const place = document.querySelector("#view");
  if (place === null) throw new Error("the page has no #view");
  const shown = (await load(`view.${env.view.replaceAll("/", ".")}`)) as View;
  const node = await shown.render(await shown.load?.());
  content(place, node);
  if (shown.handleSave !== null && L.hasViewPermission()) append(place, footer());
  place.setAttribute("data-ready", "true");
}

Object.defineProperty(String.prototype, "format", { value: format });
Object.assign(window, { L, E, _, N_, standIn: { missing, form: current } });
open().catch((error: Error) => {
  console.error(error);
  document.querySelector("#view")?.replaceChildren(error.message);
});
