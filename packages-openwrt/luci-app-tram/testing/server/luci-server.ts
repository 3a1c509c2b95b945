import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { build } from "esbuild";
import { parsePo } from "../../../../scripts/package/po.ts";
import type { Environment } from "../client/environment.ts";
import type { Catalogue } from "../client/translation.ts";
import { BlockingSocket } from "./blocking-socket.ts";
import { type AclGroups, type LuciUser, type Machine, Rpcd } from "./rpcd.ts";
import { loadPlugin } from "./ucode.ts";

const PACKAGE = new URL("../..", import.meta.url).pathname;
const HTDOCS = join(PACKAGE, "htdocs");
const SCRIPT = "/cgi-bin/luci";
const COOKIE = "sysauth_http";

interface MenuNode {
  readonly title: string;
  readonly action: { readonly type: string; readonly path?: string };
  readonly depends?: { readonly acl?: readonly string[] };
}

export interface LuciOptions {
  readonly machine: Machine;
  /** Where the gateway's socket is. */
  readonly socketPath: () => string;
  /** Key and certificate: then the pages come over HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A LuCI that runs. */
export interface LuciHandle extends AsyncDisposable {
  readonly origin: string;
  readonly rpcd: Rpcd;
  /** Name, value and path of the cookie of a session, as LuCI sets it. */
  cookie(session: string): { name: string; value: string; url: string; httpOnly: boolean };
  /** Address of a view: `things`. */
  view(name: string, language?: "en" | "vi"): string;
}

/** Serves the package's pages as uhttpd and rpcd do, with the gateway behind a socket. */
export async function openLuci(options: LuciOptions): Promise<LuciHandle> {
  const socket = new BlockingSocket(options.socketPath);
  const plugin = join(PACKAGE, "root/usr/share/rpcd/ucode/tram.uc");
  const users: { find: (session: string) => LuciUser | undefined } = { find: () => undefined };
  const plugins = loadPlugin(plugin, { socket, username: (session) => users.find(session)?.username });
  const acl = readJson("root/usr/share/rpcd/acl.d/luci-app-tram.json") as AclGroups;
  const rpcd = new Rpcd({ acl, machine: options.machine, plugins });
  users.find = (session) => rpcd.user(session);
  const menu = readJson("root/usr/share/luci/menu.d/luci-app-tram.json") as Readonly<
    Record<string, MenuNode>
  >;
  const client = await bundledClient();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://luci");
    const reply = (status: number, type: string, body: string | Buffer): void => {
      response.writeHead(status, { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store" });
      response.end(body);
    };
    const session = new RegExp(`${COOKIE}=(\\w+)`).exec(request.headers.cookie ?? "")?.[1] ?? "";
    if (pathname === `${SCRIPT}/admin/ubus` && request.method === "POST") {
      return reply(200, "application/json", await ubus(rpcd, await bodyOf(request)));
    }
    if (pathname === "/luci-static/resources/luci.js") return reply(200, "text/javascript", client);
    if (/^\/luci-static\/resources\/[\w./-]+\.(?:js|css)$/.test(pathname) && !pathname.includes("..")) {
      const type = extname(pathname) === ".css" ? "text/css" : "text/javascript";
      return reply(200, type, readFileSync(join(HTDOCS, pathname)));
    }
    if (!pathname.startsWith(`${SCRIPT}/`)) return reply(404, "text/plain", "not found");
    const node = pathname.slice(SCRIPT.length + 1);
    const language = searchParams.get("lang") === "vi" ? "vi" : "en";
    const page = pageOf({ menu, node, rpcd, session, language });
    return reply(page === undefined ? 403 : 200, "text/html", page ?? "denied");
  };
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(error.stack);
    });
  };
  const server = options.tls === undefined ? createServer(handler) : createTlsServer(options.tls, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `${options.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  return {
    origin,
    rpcd,
    cookie: (value) => ({ name: COOKIE, value, url: `${origin}${SCRIPT}/`, httpOnly: true }),
    view: (name, language = "en") => `${origin}${SCRIPT}/admin/services/tram/${name}?lang=${language}`,
    [Symbol.asyncDispose]: async () => {
      socket[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(PACKAGE, path), "utf8"));
}

async function bundledClient(): Promise<string> {
  const entry = new URL("../client/luci.ts", import.meta.url).pathname;
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, write: false, format: "iife" });
  return outputFiles[0]?.text ?? "";
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** One call of JSON-RPC 2.0, as uhttpd's ubus handler takes it. */
async function ubus(rpcd: Rpcd, text: string): Promise<string> {
  const { id, params } = JSON.parse(text) as {
    id: number;
    params: [string, string, string, Record<string, unknown>];
  };
  const [session, object, method, args] = params;
  const result = await rpcd.call(session, object, method, args);
  return JSON.stringify(
    result === undefined
      ? { jsonrpc: "2.0", id, error: { code: -32_002, message: "Access denied" } }
      : { jsonrpc: "2.0", id, result },
  );
}

/** The texts of a language by message, the context before U+0001. English has no catalogue. */
export function catalogueOf(language: "en" | "vi"): Catalogue {
  if (language === "en") return {};
  const { messages } = parsePo(readFileSync(join(PACKAGE, "po/vi/tram.po"), "utf8"));
  return Object.fromEntries(
    messages.map(({ context, id, texts }) => [context === undefined ? id : `${context}\u0001${id}`, texts]),
  );
}

/** The groups that a node of the menu asks for, with those of the nodes above. */
function groupsOf(menu: Readonly<Record<string, MenuNode>>, node: string): readonly string[] {
  const above = Object.keys(menu).filter((path) => node === path || node.startsWith(`${path}/`));
  return [...new Set(above.flatMap((path) => menu[path]?.depends?.acl ?? []))];
}

/** A page of LuCI, or nothing for who may not see it. */
function pageOf(parts: {
  menu: Readonly<Record<string, MenuNode>>;
  node: string;
  rpcd: Rpcd;
  session: string;
  language: "en" | "vi";
}): string | undefined {
  const { menu, node, rpcd, session, language } = parts;
  const user = rpcd.user(session);
  const { title, action } = menu[node] ?? {};
  if (user === undefined || action?.path === undefined) return undefined;
  const granted = [...user.read, ...user.write];
  const visible = (path: string): boolean => groupsOf(menu, path).every((group) => granted.includes(group));
  if (!visible(node)) return undefined;
  const catalogue = catalogueOf(language);
  const name = (text: string): string => catalogue[text]?.[0] ?? text;
  const environment: Environment = {
    sessionid: session,
    scriptname: SCRIPT,
    resource: "/luci-static/resources",
    nodespec: { readonly: !groupsOf(menu, node).some((group) => user.write.includes(group)) },
    view: action.path,
    catalogue,
  };
  const links = Object.entries(menu)
    .filter(([path, entry]) => entry.action.type === "view" && visible(path))
    .map(([path, entry]) => `<a href="${SCRIPT}/${path}?lang=${language}">${name(entry.title)}</a>`);
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>OpenWrt - ${name(title ?? "")} - LuCI</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"><style>${THEME}</style></head>
<body><header><h1>OpenWrt</h1><nav aria-label="LuCI">${links.join(" ")}</nav></header>
<main id="maincontent"><div id="view"><p>Loading view…</p></div></main>
<script type="application/json" id="environment">${JSON.stringify(environment).replaceAll("<", "\\u003c")}</script>
<script src="/luci-static/resources/luci.js"></script></body></html>`;
}

/** A theme of our own with the classes that LuCI's themes have. */
const THEME = `
body { margin: 0; font: 14px/1.5 sans-serif; color: #222; background: #fff }
h1 { font-size: 1em; margin: 0 } header { background: #214a5e; color: #fff; padding: .6em 1em; display: flex; gap: 2em }
nav a { color: #fff; margin-right: 1em }
main { max-width: 60em; margin: 0 auto; padding: 1em }
h2 { margin: .3em 0 } h3 { margin: .5em 0; font-size: 1.15em }
table { border-collapse: collapse; width: 100% } th, td { padding: .35em .6em; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
.cbi-section { border: 1px solid #ddd; border-radius: 4px; padding: .4em 1em 1em; margin: 0 0 1em }
.cbi-value { display: flex; gap: 1em; padding: .3em 0 } .cbi-value[hidden] { display: none } .cbi-value-title { width: 15em; text-align: right } .cbi-value-description { color: #555; font-size: 90% } .cbi-value-field { flex: 1 }
input, select, textarea, button { font: inherit; color: inherit; padding: .2em .5em } .cbi-value-field > input[type=text], .cbi-value-field > input[type=password], .cbi-value-field > textarea { width: 24em }
.btn { border: 1px solid #888; border-radius: 3px; background: #f3f3f3; cursor: pointer } .btn[disabled] { color: #595959; cursor: default }
.cbi-button-positive, .cbi-button-apply { background: #1d6b32; color: #fff } .cbi-button-negative { background: #a32020; color: #fff } .btn[disabled].cbi-button-positive { background: #d5e4d9; color: #4a4a4a }
.label { border-radius: 3px; padding: 0 .4em; color: #fff; background: #555; font-size: 85% } .label.success { background: #1d6b32 } .label.important { background: #a32020 } .label.warning { background: #7a5200 }
.alert-message { border: 1px solid #b58900; border-left-width: 5px; border-radius: 3px; padding: .4em 1em; margin: 0 0 1em } .alert-message.error, .alert-message.danger { border-color: #a32020 } .alert-message.notice { border-color: #214a5e } .alert-message h4 { margin: .2em 0 }
#modal_overlay { position: fixed; inset: 0; background: rgba(0,0,0,.5); overflow: auto } .modal { background: #fff; max-width: 50em; margin: 2em auto; padding: 1em; border-radius: 4px }
.right { display: flex; justify-content: flex-end; gap: .5em } .spinning { opacity: .8 }`;
