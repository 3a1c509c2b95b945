/** A normative statement of the specification. */
export interface Statement {
  /** As the specification numbers it: `MQTT-3.1.2-4`. */
  readonly id: string;
  /** Whom it binds. */
  readonly applies: "server" | "client" | "both";
  /** What it is about, in a few words that are not the specification's. */
  readonly about: string;
}

/** A row of a list of statements: the number without `MQTT-`, whom it binds, what it is about. */
export type StatementRow = readonly [number: string, applies: Statement["applies"], about: string];

export function statementsOf(rows: readonly StatementRow[]): readonly Statement[] {
  return rows.map(([number, applies, about]) => ({ id: `MQTT-${number}`, applies, about }));
}

/** Both versions as people call them. */
export type SpecVersion = "3.1.1" | "5.0";
