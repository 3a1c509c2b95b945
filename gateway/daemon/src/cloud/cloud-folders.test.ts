import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreError } from "@tram/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloudFolders, type CloudRecord } from "./cloud-folders.ts";

let root: string;
let folders: CloudFolders;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "cloud-folders-")), "cloud");
  folders = new CloudFolders(root);
});
afterEach(() => rmSync(join(root, ".."), { recursive: true, force: true }));

const record = (password = "secret"): CloudRecord => ({
  entry: { id: "up", provider: "mqtt", url: "mqtt://h:1883", username: "gw", password },
});
const passwords = () =>
  folders.list().map((kept) => ("settings" in kept ? kept.settings.password : kept.problem));

describe("folders of clouds", () => {
  it("keeps a cloud, for its owner alone, and gives it back", () => {
    folders.write(record());
    expect(folders.list()).toMatchObject([
      { id: "up", settings: { config: { id: "up", url: "mqtt://h:1883" }, password: "secret" } },
    ]);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, "up")).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, "up/cloud.json")).mode & 0o777).toBe(0o600);
  });

  it("replaces one whole, and removes one whole", () => {
    folders.write(record("one"));
    folders.write(record("two"));
    expect(passwords()).toEqual(["two"]);
    expect(readdirSync(root)).toEqual(["up"]);
    expect(folders.remove("up")).toBe(true);
    expect(folders.remove("up")).toBe(false);
    // That there was one is all that is left, until what waited for it is gone too.
    expect([readdirSync(root), readdirSync(join(root, ".gone-up"))]).toEqual([[".gone-up"], []]);
    expect(folders.removed()).toEqual(["up"]);
    folders.forgotten("up");
    expect([readdirSync(root), folders.removed()]).toEqual([[], []]);
  });

  it("changes nothing when it cannot write all of it", () => {
    const broken = { ...record("new"), key: 5 as unknown as string };
    expect(() => folders.write(broken)).toThrow(StoreError);
    expect([folders.has("up"), folders.list()]).toEqual([false, []]);
    folders.write(record("old"));
    expect(() => folders.write(broken)).toThrow(StoreError);
    expect(passwords()).toEqual(["old"]);
    folders.recover();
    expect(readdirSync(root)).toEqual(["up"]);
  });

  it("does not leave its folder for a name", () => {
    expect(folders.has("../..")).toBe(false);
    expect(folders.remove("..")).toBe(false);
  });

  it("tells what is wrong with one, without a secret, and keeps the others", () => {
    folders.write(record());
    mkdirSync(join(root, "bad"));
    writeFileSync(
      join(root, "bad/cloud.json"),
      '{"entry":{"id":"bad","provider":"mqtt","url":"http://h","password":"hunter2"}}',
    );
    mkdirSync(join(root, "empty"));
    mkdirSync(join(root, "other"));
    writeFileSync(join(root, "other/cloud.json"), readFileSync(join(root, "up/cloud.json")));
    const found = folders.list();
    expect(found.map(({ id }) => id)).toEqual(["bad", "empty", "other", "up"]);
    expect(JSON.stringify(found.slice(0, 3))).not.toContain("hunter2");
    expect(found.slice(0, 3).map((kept) => ("problem" in kept ? kept.problem.slice(0, 12) : "good"))).toEqual(
      ["url: expecte", "cloud.json: ", "cloud.json d"],
    );
  });
});

describe("after a power cut", () => {
  const copy = (name: string): void => cpSync(join(root, "up"), join(root, name), { recursive: true });

  it("nothing is left of one that was not whole", () => {
    folders.write(record());
    renameSync(join(root, "up"), join(root, ".draft-up"));
    expect(folders.list()).toEqual([]);
    folders.recover();
    expect(readdirSync(root)).toEqual([]);
  });

  it("nothing is left of one that was being removed", () => {
    folders.write(record());
    renameSync(join(root, "up"), join(root, ".gone-up"));
    folders.recover();
    expect([folders.list(), readdirSync(join(root, ".gone-up"))]).toEqual([[], []]);
    expect(folders.removed()).toEqual(["up"]);
  });

  it.each([
    ["before the old one is aside", (): void => undefined],
    ["when the old one is aside", (): void => renameSync(join(root, "up"), join(root, ".old-up"))],
  ])("the new one takes its place: %s", (_when, cut) => {
    folders.write(record("new"));
    copy(".next-up");
    rmSync(join(root, "up"), { recursive: true });
    folders.write(record("old"));
    cut();
    folders.recover();
    expect(passwords()).toEqual(["new"]);
    expect(readdirSync(root)).toEqual(["up"]);
  });

  it("the old one goes when the new one is in its place", () => {
    folders.write(record("new"));
    copy(".old-up");
    folders.recover();
    expect(passwords()).toEqual(["new"]);
    expect(existsSync(join(root, ".old-up"))).toBe(false);
  });
});
