import { type Static, Type } from "typebox";
import { ID_PATTERN } from "../ids.ts";
import { PROPERTY_KEY_PATTERN, PropertyAffordance } from "../thing.ts";
import { DURATION_PATTERN } from "../time.ts";

/**
 * Plain topics: `farm/room1/temp 31` is the temperature of a Thing. One document for the configuration, the API and the
 * form.
 */
const Closed = { additionalProperties: false } as const;

/** How much a mapping may say, and how many there may be. */
export const MAPPING_LIMITS = {
  mappings: 256,
  properties: 64,
  /** Things of a mapping for many. */
  things: 256,
  words: 64,
  topicCharacters: 512,
  pathCharacters: 256,
  /** Steps of a path into JSON. */
  pathSteps: 16,
  /** A longer payload is not read. */
  payloadBytes: 65_536,
} as const;

/** Stands for one level of a topic, in a mapping for many devices of one kind. */
export const MAPPING_PLACEHOLDER = "{id}";

const Topic = (description: string) =>
  Type.String({ minLength: 1, maxLength: MAPPING_LIMITS.topicCharacters, description });
const JsonPath = Type.String({
  minLength: 1,
  maxLength: MAPPING_LIMITS.pathCharacters,
  description: 'Where the value is in a payload of JSON: `DS18B20.Temperature`, `values[0]`, `["odd.name"]`.',
});
const TemplateText = (description: string) => Type.String({ minLength: 1, maxLength: 8_192, description });

const Words = Type.Record(
  Type.String(),
  Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 256 })]),
  {
    minProperties: 1,
    maxProperties: MAPPING_LIMITS.words,
    description:
      'What the words of the device mean: `{ "ON": true, "OFF": false }`. Without it numbers are numbers, and true, on, yes, 1 and false, off, no, 0 are what they say.',
  },
);
export type MappingWords = Static<typeof Words>;

export const MappingRead = Type.Object(
  {
    topic: Topic("Where the device tells the value. `{id}` as a level stands for each device of the kind."),
    path: Type.Optional(JsonPath),
    template: Type.Optional(
      TemplateText(
        "Instead of `path`: a template as Home Assistant has them, `{{ value_json.t | round(1) }}`.",
      ),
    ),
    expire: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        maxLength: 32,
        description: "Not heard for so long, the value is stale: `10m`.",
      }),
    ),
  },
  { ...Closed, description: "How the property is read. Without it the property only takes commands." },
);
export type MappingRead = Static<typeof MappingRead>;

export const MappingWrite = Type.Object(
  {
    topic: Topic("Where the device takes commands."),
    template: Type.Optional(
      TemplateText('What is sent, `{"state":"{{ value }}"}`. Default: the value itself.'),
    ),
    words: Type.Optional(Words),
    qos: Type.Optional(Type.Integer({ minimum: 0, maximum: 2, default: 1, description: "QoS of commands." })),
    retain: Type.Optional(
      Type.Boolean({
        default: false,
        description: "The broker keeps the last command for a device that is away.",
      }),
    ),
  },
  { ...Closed, description: "How the property is set. Without it the property only reports." },
);
export type MappingWrite = Static<typeof MappingWrite>;

const {
  readOnly: _read,
  writeOnly: _write,
  observable: _observable,
  type,
  ...described
} = PropertyAffordance.properties;

export const MappedProperty = Type.Object(
  {
    type: Type.Optional(type),
    ...described,
    words: Type.Optional(Words),
    scale: Type.Optional(
      Type.Number({ description: "The number of the device times this, plus `offset`, is the value." }),
    ),
    offset: Type.Optional(Type.Number({ description: "See `scale`." })),
    read: Type.Optional(MappingRead),
    write: Type.Optional(MappingWrite),
  },
  {
    ...Closed,
    description:
      "What is not said here (type, unit, range) is taken from the Thing Model that has such a property.",
  },
);
export type MappedProperty = Static<typeof MappedProperty>;

export const MappingAvailability = Type.Object(
  {
    topic: Topic("Where the device, or its last will, tells whether it is there."),
    path: Type.Optional(JsonPath),
    online: Type.Optional(Type.String({ maxLength: 256, default: "online", description: "It is there." })),
    offline: Type.Optional(Type.String({ maxLength: 256, default: "offline", description: "It is not." })),
  },
  { ...Closed, description: "How it is known whether the device is there. Default: its values tell." },
);
export type MappingAvailability = Static<typeof MappingAvailability>;

export const TopicMapping = Type.Object(
  {
    id: Type.String({
      pattern: ID_PATTERN,
      description:
        "Id of the Thing. With `{id}` in topics the Things are `<id>-<level>`, one for each device.",
    }),
    title: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: "Name for people; `{id}` may stand in it." }),
    ),
    model: Type.Optional(
      Type.String({
        maxLength: 64,
        description: "Thing Model that the Thing follows: `temperature-humidity`.",
      }),
    ),
    availability: Type.Optional(MappingAvailability),
    properties: Type.Record(Type.String({ pattern: PROPERTY_KEY_PATTERN }), MappedProperty, {
      ...Closed,
      minProperties: 1,
      maxProperties: MAPPING_LIMITS.properties,
      description: "By key, `air/temperature`: the node and the name of the property.",
    }),
  },
  Closed,
);
export type TopicMapping = Static<typeof TopicMapping>;

const MappingProblem = Type.Object({ path: Type.String(), problem: Type.String() });

export const MappingView = Type.Object({
  mapping: TopicMapping,
  origin: Type.Enum(["configuration", "api"], {
    description: "Where it stands. What stands in the configuration is changed there.",
  }),
  revision: Type.String({
    description: "Also the entity tag: `If-Match` refuses a change of something else.",
  }),
  active: Type.Boolean({
    description: "False: another one of its id, or a problem, keeps it from counting.",
  }),
  things: Type.Array(Type.String(), { description: "Ids of its Things." }),
  problems: Type.Array(MappingProblem),
});
export type MappingView = Static<typeof MappingView>;

/** A topic that no Thing has, as it was heard last. */
export const UnclaimedTopicView = Type.Object({
  topic: Type.String(),
  account: Type.String({ description: "Who published there first." }),
  payload: Type.String({ description: "The beginning of the last payload." }),
  kind: Type.Enum(["number", "boolean", "text", "object", "other"]),
  count: Type.Integer({ description: "Messages since it was first heard." }),
  lastAt: Type.String({ format: "date-time" }),
});
export type UnclaimedTopicView = Static<typeof UnclaimedTopicView>;

export const MappingProposal = Type.Object({
  mapping: TopicMapping,
  topics: Type.Array(Type.String(), { description: "What it would read." }),
  things: Type.Array(Type.String(), { description: "Ids of the Things that it would make." }),
});
export type MappingProposal = Static<typeof MappingProposal>;

export const MappingProposals = Type.Object({
  proposals: Type.Array(MappingProposal),
  topics: Type.Array(UnclaimedTopicView, { description: "Topics that no Thing has, the newest first." }),
  unheard: Type.Integer({
    description: "Messages about topics that were too many to remember, since the start.",
  }),
});
export type MappingProposals = Static<typeof MappingProposals>;
