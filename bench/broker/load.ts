import { away } from "./away.ts";
import { connectRate } from "./connect-rate.ts";
import { flood } from "./flood.ts";
import { idle } from "./idle.ts";
import { match } from "./match.ts";
import type { Figures, Order } from "./order.ts";
import { pace } from "./pace.ts";

/** The load: a process of its own, so that what the broker costs is measured alone. One order, one line of figures. */
function carryOut(order: Order): Promise<Figures> {
  const { task } = order;
  switch (task.kind) {
    case "flood":
      return flood(order, task);
    case "away":
      return away(order, task);
    case "pace":
      return pace(order, task);
    case "idle":
      return idle(order, task);
    case "connect":
      return connectRate(order, task);
    case "match":
      return match(order, task);
  }
}

const figures = await carryOut(JSON.parse(process.argv[2] ?? "") as Order);
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
