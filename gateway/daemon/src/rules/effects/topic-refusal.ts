import { HOMIE_ROOT, PRODUCT } from "@tram/protocol";

/**
 * Why a rule may not publish to a topic; `undefined` when it may. Topics that say what Things are belong to who speaks
 * for the Thing, and a command goes the way on which it is checked, kept and confirmed.
 */
export function topicRefusal(topic: string): string | undefined {
  if (topic.startsWith("$")) return `${topic}: topics with $ are the broker's own`;
  if (topic === `${PRODUCT.topicPrefix}` || topic.startsWith(`${PRODUCT.topicPrefix}/`)) {
    return `${topic}: this is the gateway's own topic`;
  }
  if (!topic.startsWith(`${HOMIE_ROOT}/`) || topic.startsWith(`${HOMIE_ROOT}/$broadcast/`)) return undefined;
  const [thing, node, name, set] = topic.slice(HOMIE_ROOT.length + 1).split("/");
  if (set === "set") return `${topic}: write it as the action \`set: ${thing}/${node}/${name}\``;
  return `${topic}: this is what the device ${thing} says of itself`;
}
