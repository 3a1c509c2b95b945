/** A test says something that cannot be: a Thing that is not there, a moment that is over. */
export class TestError extends Error {
  readonly code = "test";
  /** Place inside the test. */
  readonly path: string;
  readonly expected: string;
  /** The message says what was found. */
  constructor(path: string, { expected, found }: { readonly expected: string; readonly found: string }) {
    super(found);
    this.name = "TestError";
    this.path = path;
    this.expected = expected;
  }
}
