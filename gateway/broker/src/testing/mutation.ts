/** Random numbers that come again with the same seed (a 32-bit xorshift). */
export class Dice {
  #state: number;

  /** @param seed any integer but 0. */
  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** 0 up to `sides`, without it. */
  roll(sides: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % sides;
  }
}

type Mutation = (packet: Buffer, dice: Dice, other: Buffer) => Buffer;

/** Values that parsers stumble over. */
const INTERESTING = [0x00, 0x01, 0x02, 0x03, 0x23, 0x26, 0x2b, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xff];

const MUTATIONS: readonly Mutation[] = [
  function flip(packet, dice) {
    return change(packet, dice, (byte) => byte ^ (1 << dice.roll(8)));
  },
  function replace(packet, dice) {
    return change(packet, dice, () => INTERESTING[dice.roll(INTERESTING.length)] as number);
  },
  function cutTail(packet, dice) {
    return packet.subarray(0, dice.roll(packet.length + 1));
  },
  function cutMiddle(packet, dice) {
    const [from, to] = range(packet, dice);
    return Buffer.concat([packet.subarray(0, from), packet.subarray(to)]);
  },
  function insert(packet, dice) {
    const at = dice.roll(packet.length + 1);
    const bytes = Buffer.from(Array.from({ length: 1 + dice.roll(8) }, () => dice.roll(256)));
    return Buffer.concat([packet.subarray(0, at), bytes, packet.subarray(at)]);
  },
  /** The same property or filter twice, if it hits. */
  function repeat(packet, dice) {
    const [from, to] = range(packet, dice);
    return Buffer.concat([packet.subarray(0, to), packet.subarray(from)]);
  },
  function splice(packet, dice, other) {
    return Buffer.concat([
      packet.subarray(0, dice.roll(packet.length + 1)),
      other.subarray(dice.roll(other.length + 1)),
    ]);
  },
  /** A field that says it is longer or shorter than it is. */
  function lieAboutLength(packet, dice) {
    if (packet.length < 4) return packet;
    const copy = Buffer.from(packet);
    const at = 2 + dice.roll(packet.length - 3);
    copy.writeUInt16BE([0, 1, packet.length - at, packet.length, 0xffff][dice.roll(5)] as number, at);
    return copy;
  },
];

/**
 * Breaks a packet in one to three ways. Half of the time the remaining length is made right again, so that the
 * breakage is found by what reads the fields, and not before.
 */
export function mutate(packet: Buffer, dice: Dice, other: Buffer): Buffer {
  let mutant = packet;
  for (let times = 1 + dice.roll(3); times > 0; times--) {
    const mutation = MUTATIONS[dice.roll(MUTATIONS.length)] as Mutation;
    mutant = mutation(mutant, dice, other);
  }
  return dice.roll(2) === 0 ? mutant : withTrueLength(mutant);
}

function withTrueLength(packet: Buffer): Buffer {
  let end = 1;
  while (end < Math.min(packet.length, 4) && (packet[end] as number) >= 0x80) end++;
  const body = packet.subarray(end + 1);
  const { length } = body;
  const head = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([packet.subarray(0, 1), Buffer.from(head), body]);
}

function change(packet: Buffer, dice: Dice, to: (byte: number) => number): Buffer {
  if (packet.length === 0) return packet;
  const copy = Buffer.from(packet);
  const at = dice.roll(copy.length);
  copy[at] = to(copy[at] as number);
  return copy;
}

function range(packet: Buffer, dice: Dice): [from: number, to: number] {
  const from = dice.roll(packet.length + 1);
  return [from, Math.min(packet.length, from + dice.roll(12))];
}
