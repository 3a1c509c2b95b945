import { join } from "node:path";
import { type BareHouse, openBareHouse } from "../../gateway/daemon/src/mqtt/fixtures/bare-house.ts";
import { openSqliteStore } from "../../gateway/daemon/src/store/sqlite-store.ts";
import { ACCOUNT, ROOT } from "./account.ts";
import type { HostOptions } from "./host-options.ts";

/** A house with the account of all clients, on the store of the product. */
export async function openBenchHouse({ folder, journal, strict }: HostOptions): Promise<BareHouse> {
  const store = await openSqliteStore(join(folder, "bench.db"), { strict, journalFolder: journal });
  return openBareHouse(store, { accounts: [{ ...ACCOUNT, role: "device", topics: [ROOT] }] });
}
