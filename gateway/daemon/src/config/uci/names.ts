import { PRODUCT } from "@tram/protocol";
import type { Place } from "./kinds.ts";
import type { UciSection } from "./section.ts";

/** Each section with its path as `uci show` writes it: `tram.mqtt`, or `tram.@cloud[0]` where it has no name. */
export function withPaths(sections: readonly UciSection[]): readonly (readonly [UciSection, string])[] {
  const counts = new Map<string, number>();
  return sections.map((section) => {
    const index = counts.get(section.type) ?? 0;
    counts.set(section.type, index + 1);
    return [section, `${PRODUCT.name}.${section.name ?? `@${section.type}[${index}]`}`] as const;
  });
}

/** What a section's name stands for where no option says so. */
export function nameFor(section: string, { dashed }: Place & { kind: "entry" }): string {
  return dashed ? section.replaceAll("_", "-") : section;
}
