import { fold } from "../i18n/fold.ts";

/** An id for a rule of this title that no other rule has: `Quạt khi nóng` → `quat-khi-nong`. */
export function proposeId(title: string, taken: (id: string) => boolean): string {
  const slug =
    fold(title)
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 56)
      .replace(/^-+|-+$/g, "") || "rule";
  if (!taken(slug)) return slug;
  for (let number = 2; ; number++) if (!taken(`${slug}-${number}`)) return `${slug}-${number}`;
}
