import { connect, type Socket } from "node:net";

/**
 * A process that is as bad to a broker as it can be: `attacker.ts ATTACK PORT [USERNAME PASSWORD]`. It says `attacking`
 * when it has begun, and goes on until it is ended.
 */
const [name = "", port = "0", username = "", password = ""] = process.argv.slice(2);

const TICK_MS = 20;
const HALF_OPEN = 5_000;
const FILTERS = 100_000;
const FILTERS_PER_PACKET = 500;
/** Published to a subscriber that does not read: more than the kernel's buffers take in a second. */
const TO_FROZEN_PER_TICK = 25;
const TO_FROZEN_BYTES = 16_384;
const CHUNK_BYTES = 65_536;

const ATTACKS: Readonly<Record<string, () => void>> = {
  /** Subscribes to much, and reads nothing of it. */
  frozen: () => {
    const frozen = dial(() => {
      frozen.write(Buffer.concat([login("frozen"), subscribe(1, ["frozen/#"])]));
      frozen.once("data", () => frozen.pause());
    });
    const publisher = dial(() => {
      publisher.write(login("feeder"));
      const message = Buffer.concat(
        Array.from({ length: TO_FROZEN_PER_TICK }, () => publish("frozen/x", TO_FROZEN_BYTES)),
      );
      setInterval(() => publisher.write(message), TICK_MS);
    });
  },
  /** Connections that say nothing; each that is closed comes again. */
  "half-open": () => {
    let open = 0;
    setInterval(() => {
      for (let burst = 0; burst < 100 && open < HALF_OPEN; burst++) {
        open++;
        dial(() => undefined).once("close", () => open--);
      }
    }, TICK_MS);
  },
  /** A CONNECT of 256 MB, as much of it as is taken, again and again. */
  "huge-connect": () => {
    again(() => {
      const socket = dial(() => {
        socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
        pour(socket, Buffer.alloc(CHUNK_BYTES));
      });
      return socket;
    });
  },
  /** 100,000 filters of one client. */
  "subscribe-flood": () => {
    again(() => {
      const socket = dial(() => {
        socket.write(login("subscriber"));
        for (let first = 0; first < FILTERS; first += FILTERS_PER_PACKET) {
          const filters = Array.from(
            { length: FILTERS_PER_PACKET },
            (_, index) => `flood/+/${first + index}/#`,
          );
          socket.write(subscribe(first / FILTERS_PER_PACKET + 1, filters));
        }
      });
      socket.resume();
      return socket;
    });
  },
  /** As many messages as the socket takes. */
  "publish-flood": () => {
    again(() => {
      const socket = dial(() => {
        socket.write(login("flooder"));
        pour(socket, Buffer.concat(Array.from({ length: 500 }, () => publish("flood/x", 64))));
      });
      return socket;
    });
  },
};

function dial(connected: () => void): Socket {
  const socket = connect(Number(port), "127.0.0.1", connected);
  socket.on("error", () => undefined); // Closed follows.
  return socket;
}

/** Begins anew whenever it is thrown out. */
function again(begin: () => Socket): void {
  begin().once("close", () => setTimeout(() => again(begin), TICK_MS));
}

function pour(socket: Socket, bytes: Buffer): void {
  const more = (): void => {
    while (socket.writable && socket.write(bytes));
  };
  socket.on("drain", more);
  socket.resume();
  more();
}

/** 3.1.1 §3.1, with a clean session. */
function login(clientId: string): Buffer {
  const secret = username === "" ? [] : [text(username), text(password)];
  const flags = username === "" ? 0x02 : 0xc2;
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, 0, 0]);
  return packet(0x10, Buffer.concat([head, text(clientId), ...secret]));
}

function subscribe(packetId: number, filters: readonly string[]): Buffer {
  const wanted = filters.flatMap((filter) => [text(filter), Buffer.of(0)]);
  return packet(0x82, Buffer.concat([Buffer.from([packetId >> 8, packetId & 0xff]), ...wanted]));
}

function publish(topic: string, bytes: number): Buffer {
  return packet(0x30, Buffer.concat([text(topic), Buffer.alloc(bytes, 0x61)]));
}

function packet(head: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

const attack = ATTACKS[name];
if (attack === undefined)
  throw new Error(`expected one of ${Object.keys(ATTACKS).join(", ")}, found ${name}`);
attack();
console.log("attacking");
