import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routerMissing } from "../../../e2e/src/router-root.ts";
import { makePackages } from "../../../scripts/package/make-packages.ts";
import type { StagedPackage } from "../../../scripts/package/staged-package.ts";
import { ScriptRouter } from "./router.ts";

describe.skipIf(routerMissing() !== false)("scripts of the package in a router's root", () => {
  const place = mkdtempSync(join(tmpdir(), "tram-scripts-"));
  let router: ScriptRouter;
  let tram: StagedPackage;
  let ipk: string;

  beforeAll(async () => {
    const out = join(place, "packages");
    const { files, staged } = await makePackages({ work: join(place, "work"), out });
    const name = files.find((file) => /^tram_.*\.ipk$/.test(file));
    const found = staged.find((each) => each.name === "tram");
    if (name === undefined || found === undefined) throw new Error("no package was made");
    ipk = join(out, name);
    tram = found;
    router = new ScriptRouter(join(place, "root"));
    router.root.install(ipk);
    router.root.write("etc/config/system", "config system\n");
  }, 60_000);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  beforeEach(() => {
    router.forget();
    rmSync(router.root.file("srv/tram"), { recursive: true, force: true });
  });

  /** What opkg keeps of an installed package, in the place where the scripts look for it. */
  function register(): void {
    const info = router.root.file("usr/lib/opkg/info");
    mkdirSync(info, { recursive: true });
    const unpack = 'set -e; tar -xzOf "$1" ./control.tar.gz | tar -xz -C "$2"';
    expect(spawnSync("sh", ["-c", unpack, "sh", ipk, place], { encoding: "utf8" }).status).toBe(0);
    for (const script of ["postinst", "prerm"])
      copyFileSync(join(place, script), join(info, `tram.${script}`));
    const files = tram.tree.filter(({ kind }) => kind === "file").map(({ path }) => `/${path}\n`);
    writeFileSync(join(info, "tram.list"), files.join(""));
  }

  test("an installation: owners and modes, switched on, started; a removal: switched off, stopped", () => {
    register();
    const installed = router.call("/usr/lib/opkg/info/tram.postinst configure");
    expect(installed.output).toBe("");
    expect(installed.calls.slice(0, 2)).toEqual([
      ["default_postinst", "tram"],
      ["enable", "S90", "K10"],
    ]);
    expect(router.modeAndOwner("etc/config/tram")).toBe("0600 0:0");
    expect(router.modeAndOwner("etc/tram")).toBe("0750 0:1883");
    expect(router.modeAndOwner("etc/tram/rules")).toBe("0750 1883:1883");
    expect(existsSync(router.root.file("etc/uci-defaults/80_tram"))).toBe(false);
    expect(installed.syslog).toEqual([]);
    expect(router.running).toBeDefined();

    const removed = router.call("/usr/lib/opkg/info/tram.prerm remove");
    expect(removed.calls).toContainEqual(["disable"]);
    expect(router.running).toBeUndefined();
    router.root.install(ipk);
  });

  test("the set-up script may run again, and is kept for the next start when the user is not there yet", () => {
    const script = ". /etc/uci-defaults/80_tram";
    router.root.write("etc/tram/rules/mine.yaml", "[]\n");
    expect(router.call(`( ${script} ) && ( ${script} )`)).toMatchObject({ status: 0, output: "" });
    expect(router.root.read("etc/tram/rules/mine.yaml")).toBe("[]\n");
    const group = router.root.read("etc/group");
    router.root.write("etc/group", "root:x:0:\n");
    expect(router.call(`( ${script} )`).status).toBe(1);
    router.root.write("etc/group", group);
  });

  describe("news of the time", () => {
    const marker = "var/run/tram/clock-synced";
    const tell = (action: string, stratum: string) =>
      // hotplug-call reads each script in a shell of its own.
      router.call("( . /etc/hotplug.d/ntp/50-tram )", { ACTION: action, stratum });

    test.each([
      ["stratum", "1"],
      ["stratum", "3"],
      ["step", "2"],
      ["periodic", "15"],
    ])("%s at stratum %s: the clock can be believed", (action, stratum) => {
      expect(tell(action, stratum)).toMatchObject({ status: 0, output: "" });
      expect(existsSync(router.root.file(marker))).toBe(true);
      expect(tell(action, stratum)).toMatchObject({ status: 0, output: "" });
    });

    test.each([
      ["stratum", "16"],
      ["step", "16"],
      ["stratum", "0"],
      ["stratum", ""],
      ["stratum", "-1"],
      ["stratum", "2; reboot"],
      ["unknown", "2"],
    ])("%s at stratum %j: it cannot", (action, stratum) => {
      expect(tell(action, stratum)).toMatchObject({ status: 0, output: "" });
      expect(existsSync(router.root.file(marker))).toBe(false);
    });

    test("the source is gone: no longer", () => {
      tell("stratum", "2");
      tell("unsync", "16");
      expect(existsSync(router.root.file(marker))).toBe(false);
    });

    test("a link in the gateway's folder makes root write nothing elsewhere", () => {
      router.call(`mkdir -p /var/run/tram && ln -s /etc/nologin /${marker}`);
      tell("stratum", "2");
      expect(existsSync(router.root.file("etc/nologin"))).toBe(false);
      expect(lstatSync(router.root.file(marker)).isSymbolicLink()).toBe(true);
    });
  });

  describe("new firmware", () => {
    const asked =
      ". /lib/functions.sh; . /lib/upgrade/tram.sh; $sysupgrade_init_conffiles /record/kept; cat /record/kept";
    const data = ["tram.db", "tram.db.snapshot", "config.last-good.json", "node-red.secret", "tls/ca.key"];

    function furnish(): void {
      expect(router.call("/etc/init.d/tram start")).toMatchObject({ status: 0, syslog: [] });
      for (const name of [...data, "tram.db-wal", "history.db"]) router.root.write(`srv/tram/${name}`, "x");
    }

    test("the gateway is stopped before its data is copied, and has time for it", () => {
      furnish();
      router.root.write("record/processes", "one\ntwo\n");
      const outcome = router.call(asked);
      const names = outcome.calls.map(([name]) => name);
      expect(names.filter((name) => name === "procd_kill" || name === "pgrep")).toEqual([
        "procd_kill",
        "pgrep",
        "pgrep",
        "pgrep",
      ]);
      // What did not close in order has its log still, which belongs to it.
      expect(outcome.output.trim().split("\n").sort()).toEqual(
        [...data, "tram.db-wal"].map((name) => `/srv/tram/${name}`).sort(),
      );
      expect(router.running).toBeUndefined();
    });

    test.each([
      ["a backup", { CONF_BACKUP: "/tmp/backup.tar.gz" }],
      ["a list", { CONF_BACKUP_LIST: "1" }],
      ["a trial", { TEST: "1" }],
    ])("%s does not stop it", (_what, environment) => {
      furnish();
      const outcome = router.call(asked, environment);
      expect(outcome.output.trim().split("\n").sort()).toEqual(
        data.map((name) => `/srv/tram/${name}`).sort(),
      );
      expect(outcome.calls).toEqual([]);
      expect(router.running).toBeDefined();
    });

    test("a disk of its own is left alone", () => {
      furnish();
      const outcome = router.call(
        `mount -t tmpfs none /srv && mkdir /srv/tram && touch /srv/tram/tram.db && ${asked}`,
      );
      expect(outcome.output).toMatch(/kept.*No such file/);
      expect(outcome.calls).toEqual([]);
    });

    test("configuration, rules and secrets are on the list of what is kept", () => {
      expect(router.root.read("lib/upgrade/keep.d/tram").split("\n")).toContain("/etc/tram/");
    });
  });

  test("OpenWrt's own check of a package", () => {
    const script = join(import.meta.dirname, "../test.sh");
    copyFileSync(script, router.root.file("record/test.sh"));
    expect(router.call("sh /record/test.sh tram 0.1.0")).toMatchObject({ status: 0, output: "0.1.0\n" });
    copyFileSync(script, router.root.file("record/test.sh"));
    expect(router.call("sh /record/test.sh tram 9.9.9").status).toBe(1);
  });
});
