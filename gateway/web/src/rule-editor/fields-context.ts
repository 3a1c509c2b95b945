import { type ComponentType, createContext } from "react";
import type { Part } from "./document.ts";
import type { FieldSpec } from "./part-specs.ts";

export interface PartFieldsProps {
  readonly specs: readonly FieldSpec[];
  readonly part: Part;
  /** `triggers[0]`; empty for the rule. */
  readonly path: string;
  /** Keys that are shown elsewhere. */
  readonly besides?: readonly string[];
  readonly onChange: (part: Part) => void;
}

/** What shows the fields of a part: parts hold lists of parts, which hold fields again. */
export const FieldsContext = createContext<ComponentType<PartFieldsProps>>(() => null);
