import type { Component } from "./components.ts";
import type { Product } from "./sbom.ts";

const LINE = "=".repeat(80);

/**
 * The licences of everything in the product, for those who get it without its sources. A text that several packages
 * have is there once.
 * @param ownLicence the text of the product's own.
 */
export function notices(product: Product, ownLicence: string, components: readonly Component[]): string {
  const owners = new Map<string, Component[]>();
  for (const component of components) {
    const text = component.notices.join("\n\n");
    owners.set(text, [...(owners.get(text) ?? []), component]);
  }
  const parts = [...owners].map(([text, having]) => {
    const names = having.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return `${LINE}\n${names.join("\n")}\n${LINE}\n\n${text}\n`;
  });
  const intro = `${product.name} ${product.version} (${product.license}), and the packages that are built into it.\n`;
  return [intro, ...parts, `${LINE}\n${product.name} itself\n${LINE}\n\n${ownLicence.trim()}\n`].join("\n");
}
