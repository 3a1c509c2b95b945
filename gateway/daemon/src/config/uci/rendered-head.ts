import { PRODUCT } from "@tram/protocol";

const TAIL = `by \`${PRODUCT.name} config render\`: what is changed here is lost.\n`;

/** The first line of a configuration that is made of UCI. */
export function renderedHead(uci: string, base: string): string {
  return `# Made of ${uci} and ${base} ${TAIL}`;
}

/** Whether a configuration says of itself that it is made anew at each start. */
export function isRendered(text: string): boolean {
  return text.slice(0, text.indexOf("\n") + 1).endsWith(TAIL);
}
