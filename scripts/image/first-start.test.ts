import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadProfile, profileNames } from "./profiles.ts";

const PROFILES = join(import.meta.dirname, "../../packages-openwrt/images");
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
if (BUSYBOX === undefined && process.env.CI === "true") {
  throw new Error("busybox is missing: run scripts/test-tools.sh");
}

const SHELLCHECK = spawnSync("shellcheck", ["--version"]).status === 0;

/** UCI as the script uses it: one file a value. */
const UCI = `#!/bin/sh
[ "$1" = -q ] && shift
case "$1" in
  get) cat "$UCI_STATE/$2" 2>/dev/null ;;
  set) printf %s "\${2#*=}" > "$UCI_STATE/\${2%%=*}" ;;
  commit) : > "$UCI_STATE/committed-$2" ;;
  *) exit 1 ;;
esac
`;
const HOSTNAME = "system.@system[0].hostname";

describe("profiles", () => {
  test("are whole: board, packages, and nothing that is secret", () => {
    expect(profileNames(PROFILES)).toEqual(["glinet_gl-mt3000", "x86-64"]);
    for (const name of profileNames(PROFILES)) {
      const { packages, files } = loadProfile(PROFILES, name);
      expect(packages).toEqual(expect.arrayContaining(["node", "tram", "luci-app-tram"]));
      const script = readFileSync(join(files, "etc/uci-defaults/99-tram"), "utf8");
      expect(script.replace(/^\s*#.*$/gm, "")).not.toMatch(/passw|secret|key|psk/i);
    }
  });

  test("of a wrong form are told with file and place", () => {
    const folder = mkdtempSync(join(tmpdir(), "tram-profiles-"));
    const profile = (packages: string, board: string): string => {
      mkdirSync(join(folder, "mine"), { recursive: true });
      writeFileSync(join(folder, "mine/packages.txt"), packages);
      writeFileSync(join(folder, "mine/board.json"), board);
      try {
        loadProfile(folder, "mine");
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    };
    const board = { target: "x86/64", profile: "generic", image: ".img" };
    expect(profile("tram # comment\n-ppp", JSON.stringify(board))).toBe("");
    expect(profile("tram; rm", JSON.stringify(board))).toBe(
      "mine/packages.txt: expected names of packages, found tram;",
    );
    expect(profile("tram", "{")).toMatch(/^mine\/board\.json: expected JSON/);
    expect(profile("tram", JSON.stringify({ ...board, flashBytes: "much" }))).toBe(
      'mine/board.json: flashBytes: expected a whole number, found "much"',
    );
    expect(profile("tram", JSON.stringify({ ...board, target: undefined }))).toContain(
      "target: expected text",
    );
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(BUSYBOX === undefined).each(profileNames(PROFILES))(
  "the first start of %s, in busybox ash",
  (name) => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "tram-first-start-"));
      for (const place of ["bin", "state", "sys/class/net/eth0", "sys/class/net/lo", "lib/functions"]) {
        mkdirSync(join(folder, place), { recursive: true });
      }
      writeFileSync(join(folder, "bin/uci"), UCI, { mode: 0o755 });
      writeFileSync(join(folder, "sys/class/net/lo/address"), "00:00:00:00:00:00\n");
      writeFileSync(join(folder, "sys/class/net/eth0/address"), "94:83:c4:a1:b2:c3\n");
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    function start(hostname: string): { hostname: string; committed: boolean } {
      writeFileSync(join(folder, "state", HOSTNAME), hostname);
      const script = join(PROFILES, name, "files/etc/uci-defaults/99-tram");
      // OpenWrt sources it in a subshell, and removes it only when that ended well.
      const run = spawnSync(BUSYBOX ?? "", ["ash", "-c", `( . ${script} ) && echo removed`], {
        encoding: "utf8",
        env: { PATH: `${folder}/bin:/usr/bin:/bin`, IPKG_INSTROOT: folder, UCI_STATE: join(folder, "state") },
      });
      expect(run.stderr).toBe("");
      expect(run.stdout).toBe("removed\n");
      return {
        hostname: readFileSync(join(folder, "state", HOSTNAME), "utf8"),
        committed: existsSync(join(folder, "state/committed-system")),
      };
    }

    test.skipIf(!SHELLCHECK)("is clean to shellcheck", () => {
      const script = join(PROFILES, name, "files/etc/uci-defaults/99-tram");
      expect(spawnSync("shellcheck", ["-s", "dash", script], { encoding: "utf8" }).stdout).toBe("");
    });

    test("gives each gateway a name of its own", () => {
      expect(start("OpenWrt")).toEqual({ hostname: "tram-a1b2c3", committed: true });
    });

    test("takes the address on the label where the board knows it", () => {
      writeFileSync(join(folder, "lib/functions/system.sh"), "get_mac_label() { echo 94:83:c4:00:00:07; }\n");
      expect(start("OpenWrt").hostname).toBe("tram-000007");
      writeFileSync(join(folder, "lib/functions/system.sh"), "get_mac_label() { return 1; }\n");
      expect(start("OpenWrt").hostname).toBe("tram-a1b2c3");
    });

    test("keeps the name that somebody gave, and does without a port", () => {
      expect(start("farm-7")).toEqual({ hostname: "farm-7", committed: false });
      rmSync(join(folder, "sys/class/net/eth0"), { recursive: true });
      expect(start("OpenWrt").hostname).toBe("tram");
    });
  },
);
