import { describe, expect, it } from "vitest";
import { thingOf } from "../live/snapshot.fixture.ts";
import { findThings } from "./thing-index.ts";

const things = {
  "lamp-10": thingOf("lamp-10", { title: "Lamp 10", titles: { vi: "Đèn 10" } }),
  "lamp-9": thingOf("lamp-9", { title: "Lamp 9", titles: { vi: "Đèn 9" } }),
  pump: thingOf("pump", {
    title: "Pump",
    titles: { vi: "Máy bơm" },
    nodes: { p: { title: "Giếng khoan" } },
    properties: { "p/pressure": { type: "number", title: "Pressure", titles: { vi: "Áp suất" } } },
  }),
};

describe("findThings", () => {
  it("sorts by the title of the language, numbers as numbers", () => {
    expect(findThings(things, "en", "")).toEqual(["lamp-9", "lamp-10", "pump"]);
    expect(findThings(things, "vi", " ")).toEqual(["lamp-9", "lamp-10", "pump"]);
  });

  it.each([
    ["den", ["lamp-9", "lamp-10"]],
    ["ĐÈN 10", ["lamp-10"]],
    ["10 lamp", ["lamp-10"]],
    ["ap suat", ["pump"]],
    ["gieng", ["pump"]],
    ["PUMP", ["pump"]],
    ["lamp bơm", []],
  ])("finds by name, id, node and property in any language: %s", (query, ids) => {
    expect(findThings(things, "en", query)).toEqual(ids);
  });
});
