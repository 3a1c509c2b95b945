/** As many templates that do all that one may, or many more that do little, are rendered for one message. */
export const RENDERINGS_OF_MESSAGE = 5;

/** What is left for the message that is read: without bound where nobody reads one. In whole renderings. */
let left = Number.POSITIVE_INFINITY;

/** Reads a message, with work of its own for all that it tells. What comes of it later is no part of it. */
export function readingOne<T>(read: () => T): T {
  left = RENDERINGS_OF_MESSAGE;
  try {
    return read();
  } finally {
    left = Number.POSITIVE_INFINITY;
  }
}

/** How much of a whole rendering the next one may do, 0 to 1. */
export function workOfMessage(): number {
  return Math.min(1, left);
}

export function spendOfMessage(renderings: number): void {
  left = Math.max(0, left - renderings);
}
