import type { TopicMapping } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import {
  draftOf,
  faultsOf,
  isFlag,
  mappingOf,
  newDraft,
  placed,
  withCommandTopic,
  withNewRow,
  withoutRow,
  withPath,
  withReadTopic,
  withRow,
  withWord,
  wordFor,
} from "./mapping-draft.ts";

const PUMP: TopicMapping = {
  id: "pump",
  title: "Pump",
  availability: { topic: "pump/online" },
  properties: {
    "pump/on": {
      words: { ON: true, OFF: false },
      read: { topic: "pump", template: "{{ value }}", expire: "5m" },
      write: { topic: "pump/set", template: "{{ value }}", retain: true },
    },
    "x/y": { type: "number", scale: 0.1, read: { topic: "x", path: "a.b" } },
  },
};

describe("a mapping in the form", () => {
  it("is the same again, with what the form does not show", () => {
    expect(mappingOf(draftOf(PUMP))).toEqual(PUMP);
  });

  it("keeps what belongs to a topic when the topic changes, and drops it with the topic", () => {
    const pump = PUMP.properties["pump/on"] ?? {};
    expect(withReadTopic(pump, "p").read).toEqual({ topic: "p", template: "{{ value }}", expire: "5m" });
    expect(withReadTopic(pump, "")).not.toHaveProperty("read");
    expect(withCommandTopic(pump, "p").write).toEqual({ topic: "p", template: "{{ value }}", retain: true });
    expect(withCommandTopic(pump, "")).not.toHaveProperty("write");
    const other = PUMP.properties["x/y"] ?? {};
    expect(withPath(other, "c").read).toEqual({ topic: "x", path: "c" });
    expect(withPath(other, "").read).toEqual({ topic: "x" });
    expect(withPath({ write: { topic: "x" } }, "c")).toEqual({ write: { topic: "x" } });
  });

  it("has a word for on and one for off, and others that stay", () => {
    const property = withWord(withWord({ type: "boolean" }, true, "RUN"), false, "STOP");
    expect(property).toEqual({ type: "boolean", words: { RUN: true, STOP: false } });
    expect([wordFor(property, true), wordFor(property, false)]).toEqual(["RUN", "STOP"]);
    expect(withWord(withWord(property, true, ""), false, "")).toEqual({ type: "boolean" });
    expect(withWord({ words: { A: "a" } }, true, "ON").words).toEqual({ A: "a", ON: true });
    expect([
      isFlag(property),
      isFlag({ words: { ON: true } }),
      isFlag({ type: "number" }),
      isFlag({}),
    ]).toEqual([true, true, false, false]);
  });

  it("begins with a topic that was heard", () => {
    const heard = {
      topic: "a/b",
      account: "n",
      payload: "ON",
      kind: "boolean",
      count: 1,
      lastAt: "",
    } as const;
    expect(mappingOf(newDraft(heard)).properties).toEqual({
      "": { type: "boolean", read: { topic: "a/b" } },
    });
  });

  it("says what is missing, and which keys are the same", () => {
    let draft = withNewRow(draftOf(PUMP));
    expect(faultsOf(draft)).toEqual([["rows[2]", "missing"]]);
    draft = withRow(draft, 2, { key: " pump/on " });
    expect(faultsOf(draft)).toEqual([["rows[2]", "sameKey"]]);
    expect(faultsOf(withoutRow(draft, 2))).toEqual([]);
    expect(faultsOf(newDraft())).toEqual([
      ["id", "missing"],
      ["rows[0]", "missing"],
    ]);
    expect(faultsOf(withRow(draft, 2, { key: "Raw" }))).toEqual([["rows[2]", "badKey"]]);
    expect(faultsOf({ ...draftOf(PUMP), mapping: { id: "Máy bơm" } })).toEqual([["id", "badId"]]);
    // A row that is gone does not give its place to the next one.
    expect(withNewRow(withoutRow(draft, 2)).rows.at(-1)?.row).toBe(3);
  });

  it("puts the gateway's problems where the property stands now", () => {
    const errors = [
      { path: "properties.x/y.read.topic", problem: "a" },
      { path: "properties.pump/on", problem: "b" },
      { path: "properties.pump/on2.type", problem: "c" },
      { path: "id", problem: "d" },
    ];
    expect([...placed(errors, draftOf(PUMP))]).toEqual([
      ["rows[1].read.topic", "a"],
      ["rows[0]", "b"],
      ["properties.pump/on2.type", "c"],
      ["id", "d"],
    ]);
  });
});
