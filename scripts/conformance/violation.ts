/** A way to break the engine. */
export interface Violation {
  readonly what: string;
  /** Below gateway/broker/src. */
  readonly file: string;
  /** There once. */
  readonly find: string;
  readonly put: string;
  /** The rows that it turns red: those that it breaks, by version, with spaces between them. */
  readonly breaks: Rows;
  /** Rows that fall with them: what they say cannot be so without the others. */
  readonly tied?: Rows;
}

export interface Rows {
  readonly v4?: string;
  readonly v5?: string;
}
