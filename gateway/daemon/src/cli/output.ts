import { styleText } from "node:util";
import { formatDuration, type Ms } from "@tram/protocol";

type Style = Parameters<typeof styleText>[0];

/** Wait this long before telling that something takes time. In milliseconds. */
const PATIENCE_MS: Ms = 2_000;

/** Writes for people (tables, colours) or for programs (JSON): each command says both once. */
export class Output {
  readonly json: boolean;
  readonly #out: NodeJS.WriteStream;
  readonly #err: NodeJS.WriteStream;

  constructor(options: { json: boolean; out: NodeJS.WriteStream; err: NodeJS.WriteStream }) {
    this.json = options.json;
    this.#out = options.out;
    this.#err = options.err;
  }

  /** Writes `value` as JSON, or what `people` prints. */
  show(value: unknown, people: () => void): void {
    if (this.json) this.line(JSON.stringify(value, null, 2));
    else people();
  }

  line(text = ""): void {
    this.#out.write(`${text}\n`);
  }

  error(text: string): void {
    this.#err.write(`${text}\n`);
  }

  /** Colours only where a person looks (`NO_COLOR` and pipes are respected by Node). */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out });
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = head.map((title, column) =>
      Math.max(width(title), ...rows.map((row) => width(row[column] ?? ""))),
    );
    const format = (row: readonly string[]): string =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
        .join("  ");
    this.line(this.style("bold", format(head)));
    for (const row of rows) this.line(format(row));
  }

  /** Runs something that may take long; after 2 s a line on standard error tells so, on a terminal. */
  async progress<T>(what: string, work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const show = (): void => {
      const elapsed = formatDuration(performance.now() - startedAt);
      if (this.#err.isTTY) this.#err.write(`\r\u001b[K${what} … ${elapsed}`);
      else this.#err.write(`${what} …\n`);
    };
    let ticking: NodeJS.Timeout | undefined;
    const patience = setTimeout(() => {
      show();
      if (this.#err.isTTY) ticking = setInterval(show, 1_000);
    }, PATIENCE_MS);
    try {
      return await work;
    } finally {
      clearTimeout(patience);
      clearInterval(ticking);
      if (ticking !== undefined) this.#err.write("\r\u001b[K");
    }
  }
}

/** Columns that a text takes on a terminal: combining marks take none, colour codes neither. */
function width(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are made of one.
  const plain = text.normalize("NFC").replace(/\u001b\[[0-9;]*m/g, "");
  return [...plain].filter((letter) => !/\p{M}/u.test(letter)).length;
}

function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}
