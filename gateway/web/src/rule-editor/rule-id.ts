import { fold } from "../i18n/fold.ts";

/** The page at `/rules/new` is that of a rule that is not there yet. */
const NEW = "new";

/** An id for a rule of this title that no other rule has: `Quạt khi nóng` → `quat-khi-nong`. */
export function proposeId(title: string, taken: (id: string) => boolean): string {
  const slug =
    fold(title)
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 56)
      .replace(/^-+|-+$/g, "") || "rule";
  if (!taken(slug) && slug !== NEW) return slug;
  for (let number = 2; ; number++) if (!taken(`${slug}-${number}`)) return `${slug}-${number}`;
}

/** The page of a rule. One that somebody called `new` in a file can be edited too. */
export function rulePath(id: string): string {
  return id === NEW ? `/rules/id/${NEW}` : `/rules/${encodeURIComponent(id)}`;
}
