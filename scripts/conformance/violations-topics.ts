import type { Violation } from "./violation.ts";

/** Ways to break what is in gateway/broker/src/topics. */
export const TOPICS_VIOLATIONS: readonly Violation[] = [
  {
    what: "# may follow a letter",
    file: "topics/topic-filter.ts",
    find: "unit === HASH && !(opensLevel && isLast)",
    put: "unit === HASH && !isLast",
    breaks: { v4: "4.7.1-2", v5: "4.7.1-1" },
  },
  {
    what: "a share name may have wildcards",
    file: "topics/topic-filter.ts",
    find: "if (/[+#]/.test(shareName))",
    put: "if (/[%]/.test(shareName))",
    breaks: { v5: "4.8.2-2" },
  },
  {
    what: "a leading wildcard matches names with $",
    file: "topics/subscription-tree.ts",
    find: "let passesBy = isServersOwn(topic);",
    put: 'let passesBy = isServersOwn(topic) && topic === "";',
    breaks: { v4: "4.7.2-1", v5: "4.7.2-1" },
  },
  {
    what: "retained names with $ match a leading wildcard",
    file: "topics/retained-tree.ts",
    find: "if (node === this.#root && isServersOwn(child.level)) continue;",
    put: "",
    breaks: { v4: "4.7.2-1", v5: "4.7.2-1" },
  },
];
