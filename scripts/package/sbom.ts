import { createHash } from "node:crypto";
import type { Component } from "./components.ts";

export interface Product {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
}

/**
 * The bill of materials: CycloneDX 1.6 (ECMA-424) as JSON. It names what is in the product and nothing that was only
 * needed to build it. The same content has the same serial number; it carries no time.
 */
export function sbom(product: Product, components: readonly Component[]): string {
  const root = `pkg:generic/${product.name}@${product.version}`;
  const content = {
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": root,
        name: product.name,
        version: product.version,
        description: product.description,
        licenses: [licenceOf(product.license)],
      },
    },
    components: components.map(describe),
    dependencies: [
      { ref: root, dependsOn: components.map(packageUrl) },
      ...components.map((component) => ({
        ref: packageUrl(component),
        dependsOn: neededBy(component, components).map(packageUrl),
      })),
    ],
  };
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    ...content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function describe(component: Component): object {
  const [, group, name = component.name] = /^(@[^/]+)\/(.*)$/.exec(component.name) ?? [];
  return {
    type: "library",
    "bom-ref": packageUrl(component),
    ...(group === undefined ? {} : { group }),
    name,
    version: component.version,
    ...(component.description === "" ? {} : { description: component.description }),
    scope: "required",
    hashes: [{ alg: "SHA-512", content: component.sha512 }],
    licenses: [licenceOf(component.license)],
    purl: packageUrl(component),
    properties: component.usedIn.map((part) => ({ name: "tram:part", value: part })),
  };
}

function licenceOf(expression: string): object {
  return / (?:AND|OR|WITH) /.test(expression) ? { expression } : { license: { id: expression } };
}

/** https://github.com/package-url/purl-spec, type npm: the scope is the namespace, its `@` escaped. */
export function packageUrl({ name, version }: Pick<Component, "name" | "version">): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

/** What a component needs and the product has, found as Node finds it: in its own folder first, then further up. */
function neededBy(component: Component, components: readonly Component[]): Component[] {
  const at = new Map(components.map((other) => [other.folder, other]));
  return component.needs.flatMap((name) => {
    for (let folder = component.folder; folder !== ""; ) {
      const found = at.get(`${folder}/node_modules/${name}`);
      if (found !== undefined) return [found];
      folder = folder.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, "");
    }
    return at.get(`node_modules/${name}`) ?? [];
  });
}

/** A UUID of version 8 (RFC 9562, 5.8) that is made of the content. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
