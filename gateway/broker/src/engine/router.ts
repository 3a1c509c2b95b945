import type { QoS } from "../codec/packet.ts";
import type { Delivery } from "../session/delivery.ts";
import { type Copy, type Granted, oneCopy } from "../session/one-copy.ts";
import {
  MatchCache,
  type SharedGroup,
  SharedGroups,
  SubscriptionTree,
  type TopicFilter,
  type TopicName,
} from "../topics/index.ts";
import type { Message } from "./message.ts";

/** A message for one session, as it gets it. */
export interface Parcel {
  readonly message: Message;
  readonly copy: Copy;
}

/** Who gets messages: a session, or a listener in the process. */
export interface Receiver {
  /** Its name in the store, where it is durable. */
  readonly number: number;
  /** What it gets at QoS 1 and 2 must be kept before it is acknowledged. */
  readonly durable: boolean;
  /** It would get a message at once. */
  readonly ready: boolean;
  /** Gives a message its place in the queue, to be kept; undefined when there is no room. */
  prepare(parcel: Parcel): Delivery<Parcel> | undefined;
  /** What was prepared is kept. */
  admit(delivery: Delivery<Parcel>): void;
  withdraw(delivery: Delivery<Parcel>): void;
  /** Takes a message that need not be kept. */
  take(message: Message, copy: Copy): void;
}

/** One receiver of one message. */
export interface Step {
  readonly receiver: Receiver;
  readonly parcel: Parcel;
  readonly delivery: Delivery<Parcel> | undefined;
}

/** Who receives a topic, with everything that can be known before the message. */
class Route {
  readonly receiver: Receiver | undefined;
  readonly group: SharedGroup<Receiver, Granted> | undefined;
  readonly #options: readonly Granted[];
  readonly #noLocal: boolean;
  /** By QoS and RETAIN of the message, where it does not matter who published it. */
  readonly #copies: (Copy | undefined)[] = [];

  constructor(who: Receiver | SharedGroup<Receiver, Granted>, options: readonly Granted[]) {
    if (isGroup(who)) this.group = who;
    else this.receiver = who;
    this.#options = options;
    this.#noLocal = options.some(({ noLocal }) => noLocal);
  }

  /** How its only receiver gets the message; undefined when it does not. */
  copyOf(message: Message): Copy | undefined {
    if (this.#noLocal) return oneCopy(this.#options, message, message.publisher === this.receiver);
    const index = message.qos * 2 + (message.retain ? 1 : 0);
    let copy = this.#copies[index];
    if (copy === undefined) {
      copy = oneCopy(this.#options, message, false);
      this.#copies[index] = copy;
    }
    return copy;
  }
}

function isGroup(who: Receiver | SharedGroup<Receiver, Granted>): who is SharedGroup<Receiver, Granted> {
  return "shareName" in who;
}

/** Brings messages to those who have subscribed to them. */
export class Router {
  readonly #tree: SubscriptionTree<Receiver, Granted>;
  readonly #groups: SharedGroups<Receiver, Granted>;
  readonly #cache: MatchCache<Route>;

  constructor() {
    const changed = (filter: TopicFilter): void => this.#cache.changed(filter);
    this.#tree = new SubscriptionTree(changed);
    this.#groups = new SharedGroups(changed);
    this.#cache = new MatchCache((topic) => [
      ...this.#tree.match(topic).map(({ options, subscriber }) => new Route(subscriber, options)),
      ...this.#groups.match(topic).map((group) => new Route(group, [])),
    ]);
  }

  /** Subscriptions, each member of a group counted once. */
  get subscriptions(): number {
    return this.#tree.size + this.#groups.size;
  }

  /** The name as one that is valid, if it was published to before: looking it up is cheaper than checking it. */
  known(topic: string): TopicName | undefined {
    return this.#cache.get(topic) === undefined ? undefined : (topic as TopicName);
  }

  subscribe(
    receiver: Receiver,
    { filter, granted, shareName }: { filter: TopicFilter; shareName?: string | undefined; granted: Granted },
  ): void {
    if (shareName === undefined) this.#tree.add(filter, receiver, granted);
    else this.#groups.join(shareName, filter, { member: receiver, options: granted });
  }

  unsubscribe(receiver: Receiver, filter: TopicFilter, shareName?: string): void {
    if (shareName === undefined) this.#tree.remove(filter, receiver);
    else this.#groups.leave(shareName, filter, receiver);
  }

  /** Takes a receiver out of everything. */
  leave(receiver: Receiver): void {
    this.#tree.removeAll(receiver);
    this.#groups.leaveAll(receiver);
  }

  /**
   * Plans who gets a message, when something of it must be kept first: the places in queues are given now.
   * @returns undefined when nothing must be kept; then `deliver` does it all.
   */
  plan(message: Message): readonly Step[] | undefined {
    if (message.qos === 0) return undefined;
    const routes = this.#cache.of(message.topic);
    if (!routes.some(mustKeep)) return undefined;
    message.shared = routes.length > 1;
    const steps: Step[] = [];
    const plan = (receiver: Receiver, copy: Copy): void => {
      const parcel = { message, copy };
      const keep = copy.qos > 0 && receiver.durable;
      const delivery = keep ? receiver.prepare(parcel) : undefined;
      if (!keep || delivery !== undefined) steps.push({ receiver, parcel, delivery });
    };
    for (const route of routes) visit(route, message, plan);
    return steps;
  }

  /** Brings a message to everybody, where nothing of it must be kept. @returns whether somebody has subscribed to it. */
  deliver(message: Message): boolean {
    const routes = this.#cache.of(message.topic);
    message.shared = routes.length > 1;
    for (const route of routes) visit(route, message, take);
    return routes.length > 0;
  }

  /** Gives back the places of a plan that is not carried out. */
  cancel(steps: readonly Step[]): void {
    for (const { delivery, receiver } of steps) if (delivery !== undefined) receiver.withdraw(delivery);
  }

  /** Carries out a plan. @param kept what was planned is kept; else everybody who is here gets it once, at QoS 0. */
  execute(steps: readonly Step[], message: Message, kept: boolean): void {
    for (const { delivery, parcel, receiver } of steps) {
      if (!kept) {
        if (delivery !== undefined) receiver.withdraw(delivery);
        receiver.take(message, { ...parcel.copy, qos: 0 });
      } else if (delivery === undefined) receiver.take(message, parcel.copy);
      else receiver.admit(delivery);
    }
  }
}

/** Outside of the class: one function for all messages. */
function take(receiver: Receiver, copy: Copy, message: Message): void {
  receiver.take(message, copy);
}

function mustKeep({ group, receiver }: Route): boolean {
  return receiver?.durable ?? group?.members.some(({ member }) => member.durable) ?? false;
}

function visit(
  route: Route,
  message: Message,
  call: (receiver: Receiver, copy: Copy, message: Message) => void,
): void {
  const { group, receiver } = route;
  if (receiver !== undefined) {
    const copy = route.copyOf(message);
    if (copy !== undefined) call(receiver, copy, message);
    return;
  }
  // [MQTT-4.8.2-4] one of them; who is here before who is away, for somebody who waits may never come back.
  const chosen = group?.pick(isReady) ?? (message.qos > 0 ? group?.pick(isDurable) : undefined);
  if (chosen === undefined) return;
  const copy = oneCopy([chosen.options], message, false);
  if (copy !== undefined) call(chosen.member, copy, message);
}

function isReady(member: Receiver): boolean {
  return member.ready;
}

function isDurable(member: Receiver, { qos }: { readonly qos: QoS }): boolean {
  return member.durable && qos > 0;
}
