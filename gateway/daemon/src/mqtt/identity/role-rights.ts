import { type CredentialRole, HOMIE_ROOT, PRODUCT, type TopicRights } from "@tram/protocol";
import { parseFilter } from "./topic-filter.ts";
import { rightOf, type TopicRight } from "./topic-right.ts";

/** Somebody who may use the broker. */
export interface Identity {
  readonly id: string;
  readonly role: CredentialRole;
  /** Instead of what the role would give: of devices that do not speak Homie, and to narrow other roles. */
  readonly topics?: TopicRights | undefined;
}

export interface Rights {
  readonly read: readonly TopicRight[];
  readonly write: readonly TopicRight[];
}

/** Everything but what begins with `$`, as MQTT understands `#`. */
const ALL = ["#"];
/** The broker about itself. */
const BROKER = ["$SYS/#"];
const COMMANDS = [`${HOMIE_ROOT}/+/+/+/set`];
const BROADCASTS = [`${HOMIE_ROOT}/$broadcast/#`];

/**
 * What somebody may read and write. It follows from who they are; nothing is added later.
 * @param owns tells which Homie device ids are theirs. Asked at each use: children come and go.
 */
export function rightsOf(identity: Identity, owns: (device: string) => boolean): Rights {
  const { id, role, topics } = identity;
  switch (role) {
    case "device": {
      if (topics !== undefined) return { read: rights(topics.read), write: rights(topics.write) };
      const own: TopicRight = { levels: [...HOMIE_ROOT.split("/"), owns], below: true };
      // Its own values too, not its `/set` alone: a device that was off finds there what it was. `$broadcast` is for all.
      const read = rights([...BROADCASTS, `${PRODUCT.topicPrefix}/${id}/#`]);
      const earlier = rights(earlierHomie(id));
      return { read: [own, ...earlier, ...read], write: [own, ...earlier] };
    }
    case "dashboard":
      return { read: rights([...(topics?.read ?? ALL), ...BROKER]), write: [] };
    case "controller":
      return {
        read: rights(topics?.read ?? ALL),
        write: rights([...COMMANDS, ...BROADCASTS, ...(topics?.write ?? [])]),
      };
    case "service":
      return {
        read: rights([...(topics?.read ?? ALL), ...BROKER]),
        write: rights(topics?.write ?? ALL),
      };
  }
}

/** Homie 3 and 4 have no level for their version: `homie/<id>/…`. With the id `5` that would be everybody's Homie 5. */
function earlierHomie(id: string): readonly string[] {
  const [prefix, version] = HOMIE_ROOT.split("/");
  return id === version ? [] : [`${prefix}/${id}/#`];
}

/** Filters that are none give no right. */
function rights(filters: readonly string[]): readonly TopicRight[] {
  return filters.flatMap((filter) => {
    const levels = parseFilter(filter);
    return levels === undefined ? [] : [rightOf(levels)];
  });
}
