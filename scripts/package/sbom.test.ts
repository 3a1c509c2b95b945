import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Compile } from "@tram/protocol/validator";
import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { bundleDaemon } from "../bundle.ts";
import { type Component, findComponents, isPermissive, type Lock } from "./components.ts";
import { notices } from "./notices.ts";
import { sbom } from "./sbom.ts";

const root = resolve(import.meta.dirname, "../..");
const product = { name: "tram", version: "0.1.0", license: "Apache-2.0", description: "A gateway." };

/** The essentials of bom-1.6.schema.json (CycloneDX 1.6, ECMA-424): what is required, and the forms of what we write. */
const Closed = { additionalProperties: false };
const Text = Type.String({ minLength: 1 });
const Licence = Type.Union([
  Type.Object({ license: Type.Object({ id: Text }, Closed) }, Closed),
  Type.Object({ expression: Text }, Closed),
]);
const Part = Type.Object(
  {
    type: Type.Enum(["application", "framework", "library", "platform", "file"]),
    "bom-ref": Text,
    group: Type.Optional(Text),
    name: Text,
    version: Text,
    description: Type.Optional(Text),
    scope: Type.Optional(Type.Enum(["required", "optional", "excluded"])),
    hashes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            alg: Type.Enum(["SHA-256", "SHA-512"]),
            content: Type.String({ pattern: "^(?:[a-f0-9]{64}|[a-f0-9]{128})$" }),
          },
          Closed,
        ),
      ),
    ),
    licenses: Type.Array(Licence, { minItems: 1 }),
    purl: Type.Optional(Type.String({ pattern: "^pkg:npm/(?:%40[^/@]+/)?[^/@]+@[^/@]+$" })),
    properties: Type.Optional(Type.Array(Type.Object({ name: Text, value: Text }, Closed))),
  },
  Closed,
);
const Bom = Compile(
  Type.Object(
    {
      $schema: Type.Literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
      bomFormat: Type.Literal("CycloneDX"),
      specVersion: Type.Literal("1.6"),
      serialNumber: Type.String({
        pattern: "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
      }),
      version: Type.Integer({ minimum: 1 }),
      metadata: Type.Object({ component: Part }, Closed),
      components: Type.Array(Part, { uniqueItems: true }),
      dependencies: Type.Array(
        Type.Object({ ref: Text, dependsOn: Type.Array(Text, { uniqueItems: true }) }, Closed),
        { uniqueItems: true },
      ),
    },
    Closed,
  ),
);

interface BomDocument {
  readonly serialNumber: string;
  readonly components: readonly {
    readonly "bom-ref": string;
    readonly name: string;
    readonly hashes: { content: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Lock;

function ofProduct(inputs: Readonly<Record<string, readonly string[]>>): {
  document: BomDocument;
  components: Component[];
} {
  const components = findComponents(root, lock, inputs);
  return { document: JSON.parse(sbom(product, components)) as BomDocument, components };
}

describe("the bill of materials of the product", async () => {
  const place = mkdtempSync(join(tmpdir(), "tram-sbom-"));
  const { inputs } = await bundleDaemon({ folder: join(place, "lib"), maps: join(place, "maps") });
  rmSync(place, { recursive: true });
  const web = JSON.parse(readFileSync(join(root, "gateway/web/.cache/modules.json"), "utf8")) as string[];
  const { document, components } = ofProduct({ daemon: inputs, web });

  test("is CycloneDX 1.6", () => {
    expect([...Bom.Errors(document)]).toEqual([]);
  });

  test("names what is in it, and what is not only there to build it", () => {
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["mqtt", "pino", "preact", "typebox", "ws", "yaml"]));
    for (const tool of ["esbuild", "vite", "vitest", "typescript", "better-sqlite3", "react"]) {
      expect(names).not.toContain(tool);
    }
    expect(components.find(({ name }) => name === "preact")?.usedIn).toEqual(["web"]);
    expect(components.find(({ name }) => name === "mqtt")?.usedIn).toEqual(["daemon"]);
  });

  test("every reference leads to a part, and every part is needed by something", () => {
    const parts = new Set(document.components.map((part) => part["bom-ref"]));
    expect(parts.size).toBe(document.components.length);
    for (const { ref, dependsOn } of document.dependencies.slice(1)) {
      expect(parts).toContain(ref);
      for (const target of dependsOn) expect(parts).toContain(target);
    }
    const edge = document.dependencies.find(({ ref }) => ref.startsWith("pkg:npm/mqtt@"));
    expect(edge?.dependsOn.some((target) => target.startsWith("pkg:npm/mqtt-packet@"))).toBe(true);
  });

  test("has the digests of the lock file", () => {
    const ws = document.components.find(({ name }) => name === "ws");
    const integrity = lock.packages["node_modules/ws"]?.integrity ?? "";
    expect(`sha512-${Buffer.from(ws?.hashes[0]?.content ?? "", "hex").toString("base64")}`).toBe(integrity);
  });

  test("the same content has the same serial number, other content another", () => {
    expect(sbom(product, components)).toBe(sbom(product, components));
    const other = JSON.parse(sbom({ ...product, version: "0.1.1" }, components)) as BomDocument;
    expect(other.serialNumber).not.toBe(document.serialNumber);
  });

  test("the licences of all of them go along", () => {
    const text = notices(product, "OUR OWN LICENCE", components);
    for (const { name, version, license, notices: texts } of components) {
      expect(text).toContain(`${name} ${version} (${license})`);
      for (const each of texts) expect(text).toContain(each);
    }
    expect(text).toContain("OUR OWN LICENCE");
  });
});

describe("packages that are refused", () => {
  /** A root with one package, and the lock file of it. */
  function withPackage(
    manifest: object,
    files: Readonly<Record<string, string>>,
    locked: object = {},
  ): () => Component[] {
    const place = mkdtempSync(join(tmpdir(), "tram-components-"));
    for (const [name, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
      mkdirSync(dirname(join(place, "node_modules/thing", name)), { recursive: true });
      writeFileSync(join(place, "node_modules/thing", name), text);
    }
    const entry = { version: "1.0.0", integrity: `sha512-${Buffer.alloc(64).toString("base64")}`, ...locked };
    return () => {
      try {
        return findComponents(
          place,
          { packages: { "node_modules/thing": entry } },
          { daemon: ["node_modules/thing/a.js"] },
        );
      } finally {
        rmSync(place, { recursive: true });
      }
    };
  }
  const sound = { name: "thing", version: "1.0.0", license: "MIT" };

  test("a sound one is found", () => {
    expect(withPackage(sound, { LICENSE: "MIT text" })()).toMatchObject([
      { name: "thing", notices: ["MIT text"] },
    ]);
  });

  test.each([
    [
      "a licence that is not permissive",
      { ...sound, license: "GPL-3.0-only" },
      { LICENSE: "x" },
      {},
      "permissive",
    ],
    ["no licence", { name: "thing", version: "1.0.0" }, { LICENSE: "x" }, {}, "found undefined"],
    ["no text of its licence", sound, {}, {}, "text of its licence"],
    [
      "another version than the lock file's",
      sound,
      { LICENSE: "x" },
      { version: "1.0.1" },
      "expected version 1.0.1",
    ],
    ["no digest", sound, { LICENSE: "x" }, { integrity: "sha1-abc" }, "expected a sha512"],
  ])("%s", (_what, manifest, files, locked, problem) => {
    expect(withPackage(manifest, files, locked)).toThrow(problem);
  });

  test.each([
    ["MIT", true],
    ["(MIT OR GPL-2.0)", true],
    ["MIT AND ISC", true],
    ["MIT AND GPL-2.0-only", false],
    ["GPL-2.0-only OR LGPL-2.1", false],
    ["(MIT AND (GPL-2.0 OR ISC))", false],
    ["SEE LICENSE IN LICENSE", false],
    ["", false],
  ])("%j is permissive: %s", (expression, expected) => {
    expect(isPermissive(expression)).toBe(expected);
  });
});
