import { VirtualClock } from "@tram/testkit";
import { describe, expect, test } from "vitest";
import { PAGE_TOKEN, TICKET, Tickets } from "./tickets.ts";

function room() {
  const clock = new VirtualClock();
  return { clock, tickets: new Tickets(clock) };
}

describe("tickets", () => {
  test("are good once, for half a minute, with the scopes that they imply", async () => {
    const { clock, tickets } = room();
    const ticket = tickets.issue("luci-root", ["admin"]);
    expect(tickets.redeem(`${ticket}x`)).toBeUndefined();
    expect(tickets.redeem(ticket)).toEqual({ name: "luci-root", scopes: ["read", "control", "admin"] });
    expect(tickets.redeem(ticket)).toBeUndefined();
    const late = tickets.issue("luci-root", ["read"]);
    await clock.advance(TICKET.validMs + 1);
    expect(tickets.redeem(late)).toBeUndefined();
  });

  test("a flood of them costs the oldest, not memory", () => {
    const { tickets } = room();
    const all = Array.from({ length: TICKET.waiting + 10 }, () => tickets.issue("luci-root", ["read"]));
    expect(all.map((ticket) => tickets.redeem(ticket)).filter(Boolean)).toHaveLength(TICKET.waiting);
  });

  test("the token of a page ends by itself", async () => {
    const { clock, tickets } = room();
    const principal = { name: "luci-root", scopes: ["read"] as const };
    const token = tickets.openPage(principal);
    expect(tickets.byPageToken(token)).toEqual(principal);
    expect(tickets.byPageToken(`${token}x`)).toBeUndefined();
    await clock.advance(PAGE_TOKEN.validMs + 1);
    expect(tickets.byPageToken(token)).toBeUndefined();
  });
});
