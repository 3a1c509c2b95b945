import type { BridgeView } from "@tram/protocol";
import type { MessageKey } from "../i18n/catalogue.ts";
import { enCloud } from "../i18n/messages/en-cloud.ts";
import type { Translate } from "../i18n/translator.ts";

/** What went wrong, in the page's language, where the kind of the error is one that is known. */
export function wrongText(
  { lastErrorCode }: { readonly lastErrorCode?: BridgeView["lastErrorCode"] | undefined },
  t: Translate,
): string | undefined {
  return known(`cloud.wrong.${lastErrorCode}`, t);
}

/** `Alarms`, for `alarm`; what is new to this page stays as the gateway calls it. */
export function classText(name: string, t: Translate): string {
  return known(`cloud.class.${name}`, t) ?? name;
}

/** `Alarms 2, Readings 1,204`: what is not zero. */
export function countsText(counts: Readonly<Record<string, number>>, t: Translate): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => t("cloud.count", { name: classText(name, t), count }))
    .join(", ");
}

/** `Readings: 4 no room, 1 too old` of each class of which something was given up. */
export function dropsTexts(drops: NonNullable<BridgeView["drops"]>, t: Translate): readonly string[] {
  return Object.entries(drops).map(([name, reasons]) => {
    const why = Object.entries(reasons).map(([reason, count]) =>
      t("cloud.because", { count, reason: known(`cloud.reason.${reason}`, t) ?? reason }),
    );
    return `${classText(name, t)}: ${why.join(", ")}`;
  });
}

/** None of the keys that are made here has slots. */
function known(key: string, t: Translate): string | undefined {
  return Object.hasOwn(enCloud, key) ? t(key as Extract<MessageKey, `cloud.wrong.${string}`>) : undefined;
}
