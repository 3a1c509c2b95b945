import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Log, type Store, StoreError } from "@tram/core";
import type { GatewayView } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import type { Settings } from "../config/settings.ts";
import type { House } from "../house.ts";
import type { Teardown } from "../teardown.ts";
import type { FeatureMeter, WriteFeature } from "../write-meter/write-meter.ts";
import { AddedClouds } from "./added-clouds.ts";
import { endingProblem } from "./certificate-ending.ts";
import { CLOUD_FOLDER, CloudFolders } from "./cloud-folders.ts";
import type { Clouds } from "./open-bridges.ts";
import { RenewalWatch } from "./renewal-watch.ts";

/** The clouds that were added to the gateway, and what is wrong with them now. */
export interface AddedRoom {
  readonly clouds: AddedClouds;
  problems(): GatewayView["problems"];
}

/** Opens the clouds that were added to the gateway, and looks after their certificates. */
export async function openAddedClouds(
  parts: {
    readonly settings: Settings;
    readonly clock: Clock;
    readonly store: Store;
    readonly log: Log;
    readonly house: Pick<House, "bus" | "transactions">;
    readonly clouds: Clouds;
    readonly audit: Audit;
    /** Told when there may be other problems than before. */
    readonly onChange: () => void;
    readonly meter: { feature(name: WriteFeature): Pick<FeatureMeter, "wrote"> };
  },
  teardown: Teardown,
): Promise<AddedRoom> {
  const { clock, house, log, meter, onChange, settings } = parts;
  const root = join(settings.data, CLOUD_FOLDER);
  const clouds = teardown.use(
    new AddedClouds({
      ...parts,
      folders: new CloudFolders(root, meter.feature("certificates")),
      gateway: settings.gateway.id,
      configured: settings.cloud,
    }),
  );
  const alarm = (text: string): void => {
    log.warn({ problem: text }, "a certificate is not renewed");
    onChange();
    void house.transactions.record((unit) => {
      house.bus.emit("notification", { time: clock.now(), level: "alarm", text }, unit);
    });
  };
  const renew = async (id: string): Promise<string | undefined> => {
    const result = await clouds.renew(id, { by: "gateway" });
    return result.ok ? undefined : result.refusal.detail;
  };
  const endings = () => clouds.endings().map((each) => ({ ...each, ...endingProblem(each, clock.now()) }));
  const watch = teardown.use(
    new RenewalWatch({
      clock,
      log,
      renewals: () => clouds.renewals(),
      endings: () => endings().map(({ end, id, problem }) => ({ end, id, text: `${problem}.` })),
      renew,
      alarm,
    }),
  );
  const problems = await open(clouds, root);
  watch.start();
  // Who is removed is no problem any more.
  const problemsNow = (): GatewayView["problems"] => [
    ...problems.filter(({ where }) => existsSync(where)),
    ...endings().map(({ code, problem, where }) => ({ code, problem, where })),
  ];
  return { clouds, problems: problemsNow };
}

/** A disk that cannot be written leaves these clouds out; the house goes on without them. */
async function open(clouds: AddedClouds, root: string): Promise<GatewayView["problems"]> {
  try {
    const refused = await clouds.open();
    return refused.map(({ id, problem }) => ({ code: "cloud", where: join(root, id), problem }));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [{ code: "cloud", where: root, problem: error.message }];
  }
}
