import { SubscriptionTree } from "./subscription-tree.ts";
import type { TopicFilter } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";

export interface SharedMember<Member, Options> {
  readonly member: Member;
  /** Of this member's own subscription: a message goes out at its QoS and with its identifier [MQTT-4.8.2-3]. */
  readonly options: Options;
}

/** One shared subscription. Each of its messages goes to one of its members. */
export interface SharedGroup<Member, Options> {
  readonly shareName: string;
  readonly filter: TopicFilter;
  /** At least one, in the order of their turns. */
  readonly members: readonly SharedMember<Member, Options>[];
  /**
   * Chooses who gets the next message: the next in turn that can take it. Those in between are passed over and wait for
   * their next turn. Nothing is kept of the choice: what becomes of the message when the member leaves is decided by its
   * session. At QoS 2 nobody else may get it [MQTT-4.8.2-5], and after a refusal neither [MQTT-4.8.2-6].
   *
   * Who would rather queue for somebody than lose the message asks twice: first with who can take it now, then with who
   * has room in its queue.
   * @param canTake is asked at most once for each member.
   * @returns undefined when nobody can take it.
   */
  pick(canTake: (member: Member, options: Options) => boolean): SharedMember<Member, Options> | undefined;
}

/**
 * The shared subscriptions of MQTT 5.0 §4.8.2: `$share/{ShareName}/{filter}`. Two groups are the same when both their
 * names and their filters are, character by character.
 */
export class SharedGroups<Member, Options> {
  readonly #tree: SubscriptionTree<Group<Member, Options>, undefined>;
  readonly #groups = new Map<string, Group<Member, Options>>();
  readonly #groupsOf = new Map<Member, Set<Group<Member, Options>>>();

  /**
   * @param changed is told of the filter of each group that begins or ends. Members that come and go change nothing that
   * a cache remembers, as long as it remembers groups.
   */
  constructor(changed?: (filter: TopicFilter) => void) {
    this.#tree = new SubscriptionTree(changed);
  }

  /** Groups that have members. */
  get size(): number {
    return this.#groups.size;
  }

  /** Joins; `replaced` when the member was in this group: it keeps its turn, with the new options. */
  join(
    shareName: string,
    filter: TopicFilter,
    { member, options }: SharedMember<Member, Options>,
  ): "joined" | "replaced" {
    const key = keyOf(shareName, filter);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(shareName, filter);
      this.#groups.set(key, group);
      this.#tree.add(filter, group, undefined);
    }
    const groups = this.#groupsOf.get(member);
    if (groups === undefined) this.#groupsOf.set(member, new Set([group]));
    else groups.add(group);
    return group.join({ member, options });
  }

  /** @returns whether the member was in that group. */
  leave(shareName: string, filter: TopicFilter, member: Member): boolean {
    const group = this.#groups.get(keyOf(shareName, filter));
    if (group?.leave(member) !== true) return false;
    const groups = this.#groupsOf.get(member);
    groups?.delete(group);
    if (groups?.size === 0) this.#groupsOf.delete(member);
    this.#endIfEmpty(group);
    return true;
  }

  /** Leaves all groups. @returns how many there were. */
  leaveAll(member: Member): number {
    const groups = this.#groupsOf.get(member);
    if (groups === undefined) return 0;
    this.#groupsOf.delete(member);
    for (const group of groups) {
      group.leave(member);
      this.#endIfEmpty(group);
    }
    return groups.size;
  }

  /** The groups that a member is in. */
  of(member: Member): Iterable<SharedGroup<Member, Options>> {
    return this.#groupsOf.get(member)?.values() ?? [];
  }

  /** The groups that a message to this topic is for; each of them picks one member. */
  match(topic: TopicName): SharedGroup<Member, Options>[] {
    return this.#tree.match(topic).map(({ subscriber }) => subscriber);
  }

  #endIfEmpty(group: Group<Member, Options>): void {
    if (group.members.length > 0) return;
    this.#groups.delete(keyOf(group.shareName, group.filter));
    this.#tree.remove(group.filter, group);
  }
}

class Group<Member, Options> implements SharedGroup<Member, Options> {
  readonly shareName: string;
  readonly filter: TopicFilter;
  readonly #members: SharedMember<Member, Options>[] = [];
  /** Whose turn it is: an index, or the length for the first again. */
  #turn = 0;

  constructor(shareName: string, filter: TopicFilter) {
    this.shareName = shareName;
    this.filter = filter;
  }

  get members(): readonly SharedMember<Member, Options>[] {
    return this.#members;
  }

  pick(canTake: (member: Member, options: Options) => boolean): SharedMember<Member, Options> | undefined {
    const count = this.#members.length;
    const first = this.#turn;
    for (let passed = 0; passed < count; passed++) {
      const index = (first + passed) % count;
      const candidate = this.#members[index];
      if (candidate === undefined || !canTake(candidate.member, candidate.options)) continue;
      this.#turn = index + 1;
      return candidate;
    }
    return undefined;
  }

  join(joining: SharedMember<Member, Options>): "joined" | "replaced" {
    const index = this.#indexOf(joining.member);
    if (index >= 0) {
      this.#members[index] = joining;
      return "replaced";
    }
    // Behind whoever had the latest turn: a newcomer waits for a whole round, so leaving and joining wins nothing.
    this.#members.splice(this.#turn, 0, joining);
    this.#turn++;
    return "joined";
  }

  leave(member: Member): boolean {
    const index = this.#indexOf(member);
    if (index < 0) return false;
    this.#members.splice(index, 1);
    if (index < this.#turn) this.#turn--;
    return true;
  }

  #indexOf(member: Member): number {
    return this.#members.findIndex((it) => it.member === member);
  }
}

/** A share name has no slash, so no two pairs have the same key. */
function keyOf(shareName: string, filter: TopicFilter): string {
  return `${shareName}/${filter}`;
}
