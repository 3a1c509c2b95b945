export * from "./holding.ts";
export * from "./match-cache.ts";
export * from "./retained-tree.ts";
export * from "./shared-groups.ts";
export { type Match, SubscriptionTree } from "./subscription-tree.ts";
export * from "./topic-filter.ts";
export * from "./topic-name.ts";
export {
  DEFAULT_TOPIC_LIMITS,
  isServersOwn,
  type TopicLimits,
  type TopicProblem,
  type TopicProblemCode,
} from "./topic-text.ts";
