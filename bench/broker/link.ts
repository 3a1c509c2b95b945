import { connect, type Socket } from "node:net";
import { type OnPacket, PacketScanner } from "./packet-scanner.ts";
import { CONNACK, connectPacket, DISCONNECT, REFUSED_FILTER, SUBACK, subscribePacket } from "./packets.ts";

/** What all sockets read into, one after the other. In bytes. */
const READ_BYTES = 65_536;
const inbox = Buffer.allocUnsafeSlow(READ_BYTES);
/** Answers to one chunk; a chunk holds fewer packets of two bytes at least, and each answer has four. */
const answers = Buffer.allocUnsafeSlow(2 * READ_BYTES);

export interface LinkOptions {
  readonly port: number;
  readonly clientId: string;
  /** Default true: the session ends with the connection. */
  readonly clean?: boolean;
}

/**
 * A connection that costs the load as little as can be: packets are made beforehand, read without being copied, and
 * answered with one write for everything that came together.
 */
export class Link {
  readonly #socket: Socket;
  readonly #clientId: string;
  readonly #scanner = new PacketScanner((head, bytes, start, end) => this.onPacket(head, bytes, start, end));
  #answered = 0;
  #left = false;
  /** Told of each packet. */
  onPacket: OnPacket = () => undefined;
  /** Told when everything that came together was told. */
  onRead: () => void = () => undefined;

  private constructor({ port, clientId }: LinkOptions) {
    this.#clientId = clientId;
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: { buffer: inbox, callback: (length, bytes) => this.#read(length, bytes as Buffer) },
    });
  }

  /**
   * Connects and logs in. Rejects when nothing listens or the broker refuses.
   * @param ready makes the link ready for what may come together with the broker's answer.
   */
  static async open(options: LinkOptions, ready: (link: Link) => void = () => undefined): Promise<Link> {
    const link = new Link(options);
    const socket = link.#socket;
    await new Promise<void>((resolve, reject) => {
      const { clientId, clean = true } = options;
      socket.once("connect", () => socket.write(connectPacket(clientId, { clean })));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error(`${clientId}: closed before CONNACK`)));
      link.onPacket = (head, bytes, start) => {
        const code = bytes[start + 1];
        if (head !== CONNACK || code !== 0) {
          reject(new Error(`${clientId}: refused with return code ${code}`));
          return;
        }
        link.onPacket = () => undefined;
        ready(link);
        resolve();
      };
    });
    socket.on("error", () => undefined); // "close" follows and tells.
    socket.once("close", () => {
      if (!link.#left) throw new Error(`${options.clientId}: the broker closed the connection`);
    });
    return link;
  }

  /** Resolves when the broker has granted all filters. What else comes meanwhile is lost. */
  async subscribe(filters: readonly string[], qos: 0 | 1 | 2): Promise<void> {
    const before = this.onPacket;
    await new Promise<void>((resolve, reject) => {
      this.onPacket = (head, bytes, start, end) => {
        if (head !== SUBACK) return;
        if (bytes.subarray(start + 2, end).includes(REFUSED_FILTER)) {
          reject(new Error(`${this.#clientId}: a filter was refused: ${filters[0]} …`));
        } else resolve();
      };
      this.#socket.write(subscribePacket(1, filters, qos));
    });
    this.onPacket = before;
  }

  /** @param bytes must stay as they are. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Answers a packet, while it is being told, with one that has nothing but its identifier. */
  answer(head: number, high: number | undefined, low: number | undefined): void {
    const at = this.#answered;
    answers[at] = head;
    answers[at + 1] = 2;
    answers[at + 2] = high ?? 0;
    answers[at + 3] = low ?? 0;
    this.#answered = at + 4;
  }

  /** Says goodbye. Resolves when the connection has ended. */
  async leave(): Promise<void> {
    this.#left = true;
    await new Promise<void>((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.once("close", () => resolve());
      this.#socket.end(DISCONNECT);
    });
  }

  #read(length: number, bytes: Buffer): boolean {
    this.#scanner.push(bytes.subarray(0, length));
    if (this.#answered > 0) {
      this.#socket.write(Buffer.from(answers.subarray(0, this.#answered)));
      this.#answered = 0;
    }
    this.onRead();
    return true;
  }
}

/** Opens many at a time. */
export async function openLinks(
  port: number,
  clientIds: readonly string[],
  options: { readonly clean?: boolean } = {},
): Promise<Link[]> {
  const links: Link[] = [];
  for (let first = 0; first < clientIds.length; first += LINKS_AT_A_TIME) {
    const batch = clientIds.slice(first, first + LINKS_AT_A_TIME);
    links.push(...(await Promise.all(batch.map((clientId) => Link.open({ port, clientId, ...options })))));
  }
  return links;
}

const LINKS_AT_A_TIME = 50;

export async function leaveAll(links: readonly Link[]): Promise<void> {
  await Promise.all(links.map((link) => link.leave()));
}
