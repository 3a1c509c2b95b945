import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRODUCT } from "../../../protocol/src/product.ts";
import { makePackages, type Packages } from "../../../scripts/package/make-packages.ts";
import type { StagedPackage } from "../../../scripts/package/staged-package.ts";
import { TRAM_USER } from "./router.ts";

const folder = join(import.meta.dirname, "..");
const makefile = readFileSync(join(folder, "Makefile"), "utf8");
const files = join(folder, "files");

describe("the Makefile", () => {
  test("follows the product's version", () => {
    expect(/^PKG_VERSION:=(.*)$/m.exec(makefile)?.[1]).toBe(PRODUCT.version);
    expect(/^PKG_RELEASE:=(.*)$/m.exec(makefile)?.[1]).toMatch(/^[1-9]\d*$/);
  });

  test.each(["PKG_NAME", "PKG_SOURCE", "PKG_HASH", "PKG_MAINTAINER", "PKG_LICENSE", "PKG_LICENSE_FILES"])(
    "says %s",
    (variable) => {
      expect(makefile).toMatch(new RegExp(`^${variable}:=\\S`, "m"));
    },
  );

  test("includes rules.mk first and package.mk after its variables, and no node-package.mk", () => {
    const includes = [...makefile.matchAll(/^include (.*)$/gm)].map(([, path]) => path);
    expect(includes).toEqual(["$(TOPDIR)/rules.mk", "$(INCLUDE_DIR)/package.mk"]);
    expect(makefile.indexOf("PKG_LICENSE:=")).toBeLessThan(makefile.indexOf("$(INCLUDE_DIR)/package.mk"));
    expect(makefile.trimEnd().endsWith("$(eval $(call BuildPackage,tram))")).toBe(true);
  });

  test("installs every file of its folder, and none that is not there", () => {
    const named = [...makefile.matchAll(/\.\/files\/(\S+)/g)].map(([, name = ""]) => name);
    expect([...new Set(named)].sort()).toEqual(readdirSync(files).sort());
  });

  test("recipes begin with a tab, definitions end", () => {
    expect(makefile.match(/^define /gm)).toHaveLength(makefile.match(/^endef$/gm)?.length ?? 0);
    expect(makefile).not.toMatch(/\r|[ \t]$/m);
    expect(makefile).not.toMatch(/^ +\$\((?:INSTALL|CP)/m);
  });
});

/** `drwxr-x---` → 0o750 */
function modeOf(permissions: string): number {
  return Number.parseInt([...permissions.slice(1)].map((letter) => (letter === "-" ? "0" : "1")).join(""), 2);
}

describe("the package", () => {
  const place = mkdtempSync(join(tmpdir(), "tram-makefile-"));
  let built: Packages;
  let tram: StagedPackage;

  beforeAll(async () => {
    built = await makePackages({ work: join(place, "work"), out: join(place, "out") });
    const found = built.staged.find(({ name }) => name === "tram");
    if (found === undefined) throw new Error("no package tram");
    tram = found;
  }, 60_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test("has the fields that OpenWrt asks for", () => {
    expect(tram).toMatchObject({
      name: "tram",
      version: `${PRODUCT.version}-r1`,
      section: "net",
      category: "Network",
      license: "Apache-2.0",
      architecture: "all",
      // Nothing native: Node brings SQLite.
      depends: ["libc", "node"],
      userId: `${TRAM_USER.name}=${TRAM_USER.uid}:${TRAM_USER.name}=${TRAM_USER.uid}`,
      conffiles: ["/etc/config/tram", "/etc/tram/tram.yaml"],
      scripts: {},
    });
  });

  test("has these files and modes, and no others", () => {
    const at = (prefix: string): Record<string, string> =>
      Object.fromEntries(
        tram.tree
          .filter(({ path, kind }) => path.startsWith(prefix) && kind === "file")
          .map(({ path, mode }) => [path, mode.toString(8)]),
      );
    expect({ ...at("etc/"), ...at("lib/"), ...at("usr/bin"), ...at("usr/share") }).toEqual({
      "etc/config/tram": "600",
      "etc/hotplug.d/iface/50-tram": "755",
      "etc/hotplug.d/ntp/50-tram": "755",
      "etc/init.d/tram": "755",
      "etc/uci-defaults/80_tram": "755",
      "lib/functions/tram.sh": "644",
      "lib/upgrade/keep.d/tram": "644",
      "lib/upgrade/tram.sh": "644",
      "usr/bin/tram": "755",
      "usr/share/tram/LICENSES.txt": "644",
      "usr/share/tram/sbom.cdx.json": "644",
    });
    const programs = at("usr/lib/tram/");
    expect(Object.keys(programs).filter((path) => !path.includes("/web/"))).toEqual([
      "usr/lib/tram/module-child.js",
      "usr/lib/tram/node-red-runner.js",
      "usr/lib/tram/package.json",
      "usr/lib/tram/snapshot-worker.js",
      "usr/lib/tram/tram.js",
    ]);
    expect(Object.keys(programs)).toContain("usr/lib/tram/web/index.html.br");
    for (const { path, kind, mode } of tram.tree) {
      if (kind === "folder") expect(mode.toString(8), path).toBe("755");
      expect(path).not.toMatch(/\.map$|node_modules|\.node$/);
    }
  });

  test("is read by opkg's own means: owners, modes and content are what was laid out", () => {
    const unpacked = join(place, "unpacked");
    mkdirSync(unpacked);
    const ipk = join(place, "out", built.files.find((name) => /^tram_.*\.ipk$/.test(name)) ?? "");
    const list = (archive: string): string[][] => {
      const { stdout } = spawnSync("tar", ["-tvzf", archive, "--numeric-owner", "--full-time"], {
        encoding: "utf8",
        env: { ...process.env, TZ: "UTC" },
      });
      return stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/));
    };
    expect(list(ipk).map((fields) => fields.at(-1))).toEqual([
      "./debian-binary",
      "./control.tar.gz",
      "./data.tar.gz",
    ]);
    spawnSync("tar", ["-xzf", ipk, "-C", unpacked]);
    expect(readFileSync(join(unpacked, "debian-binary"), "utf8")).toBe("2.0\n");

    const listed = list(join(unpacked, "data.tar.gz"));
    expect(listed.map((fields) => fields.at(-1)?.replace(/^\.\/|\/$/g, ""))).toEqual(
      tram.tree.map(({ path }) => path),
    );
    for (const [at, [permissions = "", owner, , date, time]] of listed.entries()) {
      expect([owner, date, time]).toEqual(["0/0", "2026-01-01", "00:00:00"]);
      expect(modeOf(permissions), tram.tree[at]?.path).toBe(tram.tree[at]?.mode);
    }
    // The content that counts most, once through opkg's way.
    const { stdout } = spawnSync("tar", ["-xzOf", join(unpacked, "data.tar.gz"), "./etc/init.d/tram"]);
    expect(stdout.equals(readFileSync(join(files, "tram.init")))).toBe(true);
    spawnSync("tar", ["-xzf", join(unpacked, "control.tar.gz"), "-C", unpacked]);
    expect(readFileSync(join(unpacked, "conffiles"), "utf8")).toBe("/etc/config/tram\n");
    const control = readFileSync(join(unpacked, "control"), "utf8");
    const installed = Number(/^Installed-Size: (\d+)$/m.exec(control)?.[1]);
    const content = tram.tree.reduce(
      (sum, entry) => sum + (entry.kind === "file" ? entry.content.length : 0),
      0,
    );
    expect(installed).toBeGreaterThan(content);
    expect(installed).toBeLessThan(content * 1.1);
    expect(control).toMatch(/^Package: tram\nVersion: 0\.1\.0-r1\nDepends: libc, node\n/);
    expect(control).toMatch(/^Require-User: tram=1883:tram=1883$/m);
    expect(control).toMatch(/\nDescription: \S.*\n( \S.*\n)*$/);
    expect(existsSync(join(unpacked, "postinst-pkg"))).toBe(false);
  });

  test("the user's number is free in OpenWrt and below those that are dealt out", () => {
    expect(TRAM_USER.uid).toBeGreaterThan(999);
    expect(TRAM_USER.uid).toBeLessThan(32_768);
  });
});

test("feeds.conf.example pins Node's feed and forces it over the official stub", () => {
  const text = readFileSync(join(folder, "../feeds.conf.example"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^src-git node https:\/\/\S+\.git\^[0-9a-f]{40}$/);
  expect(lines[1]).toMatch(/^src-link tram \/\S+\/packages-openwrt$/);
  expect(text).toContain("./scripts/feeds install -f -p node node\n");
  expect(text).toContain("CONFIG_PACKAGE_node=m");
});

describe("shell scripts", () => {
  const scripts = readdirSync(files).filter((name) =>
    /\.(?:init|defaults|ntp|upgrade|functions|launcher)$/.test(name),
  );

  test("shellcheck finds nothing", () => {
    expect(scripts).toHaveLength(6);
    const paths = [...scripts.map((name) => join(files, name)), join(folder, "test.sh")];
    const { status, stdout, error } = spawnSync("shellcheck", ["-x", "-P", files, ...paths], {
      encoding: "utf8",
    });
    expect(error).toBeUndefined();
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test.each(scripts)("busybox ash reads %s", (name) => {
    const { status, stderr } = spawnSync("busybox", ["ash", "-n", join(files, name)], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
