import { useMemo } from "react";
import { localTitle } from "../i18n/titles.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { nameOf } from "../things/property-groups.ts";

export type NamedChoice = readonly [id: string, title: string];

/** What of the house rules can name, besides properties. */
export interface HouseChoices {
  readonly things: readonly NamedChoice[];
  /** Areas that have Things in them. */
  readonly areas: readonly NamedChoice[];
  readonly tags: readonly NamedChoice[];
  /** `node/name` and `name` of all properties. */
  readonly properties: readonly string[];
  /** `thing/action` */
  readonly actions: readonly string[];
  readonly events: readonly string[];
}

/** The Things, areas, tags, actions and events of the house, sorted for people. */
export function useHouseChoices(): HouseChoices {
  const { language } = useI18n();
  const descriptions = useAppSelector((state) => state.things.descriptions);
  const statuses = useAppSelector((state) => state.things.statuses);
  return useMemo(() => {
    const { compare } = new Intl.Collator(language, { numeric: true });
    const byTitle = (choices: readonly NamedChoice[]) =>
      choices.toSorted(([, one], [, other]) => compare(one, other));
    const all = Object.values(descriptions);
    const areas = new Map<string, string>();
    const tags = new Set<string>();
    for (const status of Object.values(statuses)) {
      const area = status?.settings?.area;
      if (area !== undefined) areas.set(area, status?.area ?? area);
      for (const tag of status?.settings?.tags ?? []) tags.add(tag);
    }
    const keys = all.flatMap(({ properties }) => Object.keys(properties));
    return {
      things: byTitle(all.map((thing) => [thing.id, localTitle(thing, language, thing.id)] as const)),
      areas: byTitle([...areas]),
      tags: byTitle([...tags].map((tag) => [tag, tag] as const)),
      properties: [...new Set(keys.flatMap((key) => [nameOf(key), key]))].sort(compare),
      actions: all.flatMap(({ actions, id }) => Object.keys(actions ?? {}).map((name) => `${id}/${name}`)),
      events: [...new Set(all.flatMap(({ events }) => Object.keys(events ?? {})))].sort(compare),
    };
  }, [descriptions, statuses, language]);
}
