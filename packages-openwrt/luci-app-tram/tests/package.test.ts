import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { luciMessages } from "../../../scripts/package/luci-messages.ts";
import { parsePo } from "../../../scripts/package/po.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const json = (path: string) => JSON.parse(read(path)) as Record<string, never>;

interface Rights {
  readonly ubus?: Readonly<Record<string, readonly string[]>>;
  readonly uci?: readonly string[];
  readonly file?: Readonly<Record<string, readonly string[]>>;
}

const acl = json("root/usr/share/rpcd/acl.d/luci-app-tram.json") as Record<
  string,
  { description: string; read: Rights; write: Rights }
>;
const views = acl["luci-app-tram"] as (typeof acl)[string];
const plugin = read("root/usr/share/rpcd/ucode/tram.uc");
const scripts = globSync("htdocs/**/*.js", { cwd: ROOT });

describe("translations", () => {
  const messages = luciMessages(ROOT);
  const { messages: translated, pluralForms } = parsePo(read("po/vi/tram.po"));
  const key = ({ context, id, plural }: { context?: string; id: string; plural?: string }): string =>
    [context ?? "", id, plural ?? ""].join("\u0001");
  const slots = (text: string): string[] => (text.match(/%[sd]/g) ?? []).sort();

  test("Vietnamese has each text of the sources, and no other", () => {
    expect(messages.length).toBeGreaterThan(200);
    expect(translated.map(key).sort()).toEqual(messages.map(key).sort());
    expect(pluralForms).toBe("nplurals=1; plural=0;");
  });

  test("each translation has one text, with the slots of the original", () => {
    for (const { id, texts } of translated) {
      expect(texts.length, id).toBe(1);
      expect(texts[0]?.trim(), id).not.toBe("");
      expect(slots(texts[0] ?? ""), id).toEqual(slots(id));
    }
  });

  test("words that other applications use too stand in a context of their own", () => {
    // LuCI's catalogue is one for all: without a context, their translation would be shown here, or ours there.
    const bare = messages.filter(({ context, id }) => context === undefined && !id.includes(" "));
    expect(bare.map(({ id }) => id).sort()).toEqual(["Things", "Tram"]);
  });
});

describe("rights", () => {
  const methods = (rights: Rights): readonly string[] => rights.ubus?.tram ?? [];

  test("each method of the ubus object is granted, and each right is for a method that is there", () => {
    const named = [...plugin.matchAll(/^\t\t(\w+): \{$/gm)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(4);
    expect([...methods(views.read), ...methods(views.write)].sort()).toEqual(named.sort());
  });

  test("who may only look gets no ticket to change, no code and no relay but for reading", () => {
    expect(methods(views.read)).toEqual(["view_ticket", "redeem", "state", "read"]);
    expect(views.read.uci, "the settings hold passwords: a right of their own").toBeUndefined();
    expect(views.read.file).toBeUndefined();
  });

  test("what the views call is granted, and nothing else", () => {
    const sources = scripts.map(read).join("\n");
    const called = [...sources.matchAll(/object: '([\w-]+)',\s*method: '(\w+)'/g)].map(
      ([, object, method]) => `${object}.${method}`,
    );
    const granted = [views.read, views.write].flatMap(({ ubus }) =>
      Object.entries(ubus ?? {}).flatMap(([object, names]) => names.map((name) => `${object}.${name}`)),
    );
    expect([...new Set(called)].sort()).toEqual(granted.sort());
    // Programs are granted with their arguments: no other service can be touched with them.
    for (const command of Object.keys(views.write.file ?? {})) {
      expect(command).toMatch(/^\/etc\/init\.d\/tram (?:enable|start|restart)$/);
    }
  });

  test("each page of the menu has a view and asks for rights that exist", () => {
    const menu = json("root/usr/share/luci/menu.d/luci-app-tram.json") as Record<
      string,
      { action: { type: string; path?: string }; depends?: { acl?: string[] } }
    >;
    const paths = Object.values(menu).flatMap(({ action }) => action.path ?? []);
    const files = globSync("htdocs/luci-static/resources/view/**/*.js", { cwd: ROOT });
    expect(paths.map((path) => `htdocs/luci-static/resources/view/${path}.js`).sort()).toEqual(files.sort());
    for (const { depends } of Object.values(menu)) {
      for (const group of depends?.acl ?? ["none"]) expect(Object.keys(acl)).toContain(group);
    }
  });
});

describe("scripts", () => {
  test("each is a class of LuCI's loader, and requires what is there", () => {
    for (const file of scripts) {
      const text = read(file);
      expect(text, file).toMatch(/^'use strict';\n/);
      expect(text, file).toMatch(/^return (?:view|baseclass)\.extend\(\{/m);
      for (const [, name = ""] of text.matchAll(/^'require (tram\.[\w.-]+)/gm)) {
        expect(scripts).toContain(`htdocs/luci-static/resources/${name.replaceAll(".", "/")}.js`);
      }
    }
  });

  test("nothing that LuCI's minifier is known to trip over", () => {
    // It takes a slash for division unless certain characters stand before it, and not every version knows templates.
    for (const file of scripts) {
      const text = read(file).replace(/\/\*[\s\S]*?\*\//g, "");
      expect(text, file).not.toContain("`");
      expect(text, file).not.toMatch(/\breturn\s+\/[^/*]/);
    }
  });
});
