import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { apkMissing, apkName, makeApk } from "./apk.ts";
import type { StagedPackage } from "./staged-package.ts";
import { readTree } from "./tree.ts";

/** Keeps what it was called with: its arguments, the tree and the scripts. */
const APK = `#!/bin/sh
[ "$1" = --version ] && { echo "apk-tools 3.0.6, compiled for x86_64."; exit 0; }
for word in "$@"; do printf '%s\\n' "$word"; done >"$RECORD/arguments"
while [ $# -gt 0 ]; do
  case "$1" in
  --files) cp -a "$2" "$RECORD/files" ;;
  --script) cp "\${2#*:}" "$RECORD/script-\${2%%:*}" ;;
  --output) echo package >"$2" ;;
  esac
  shift
done
echo "$SOURCE_DATE_EPOCH" >"$RECORD/epoch"
`;

describe("a package for apk", () => {
  const place = mkdtempSync(join(tmpdir(), "tram-apk-test-"));
  const record = join(place, "record");
  const path = process.env.PATH;
  const bin = join(place, "bin");

  beforeEach(() => {
    rmSync(record, { recursive: true, force: true });
    for (const folder of [bin, record]) mkdirSync(folder, { recursive: true });
    writeFileSync(join(bin, "apk"), APK.replaceAll("$RECORD", record), { mode: 0o755 });
    writeFileSync(join(bin, "fakeroot"), '#!/bin/sh\n[ "$1" = --version ] || exec "$@"\n', { mode: 0o755 });
    process.env.PATH = `${bin}${delimiter}${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  function staged(): StagedPackage {
    const root = join(place, "root");
    mkdirSync(join(root, "etc/config"), { recursive: true });
    writeFileSync(join(root, "etc/config/thing"), "config\n", { mode: 0o600 });
    writeFileSync(join(root, "etc/run"), "#!/bin/sh\n", { mode: 0o755 });
    return {
      name: "thing",
      version: "1.2.3-r4",
      description: "A thing.\nIn two lines.",
      section: "net",
      category: "Network",
      title: "Thing",
      url: "",
      maintainer: "Somebody",
      license: "MIT",
      architecture: "all",
      depends: ["libc", "node"],
      conflicts: [],
      provides: [],
      userId: "thing=1:thing=1",
      conffiles: ["/etc/config/thing", "/etc/thing.yaml"],
      scripts: { postinst: "#!/bin/sh\necho own step" },
      root,
      tree: readTree(root),
    };
  }

  test("is described as OpenWrt describes its own", () => {
    expect(apkMissing()).toBe(false);
    const output = join(place, apkName(staged()));
    makeApk(staged(), 1_700_000_000, output);
    expect(readFileSync(output, "utf8")).toBe("package\n");
    const words = readFileSync(join(record, "arguments"), "utf8").trim().split("\n");
    expect(words[0]).toBe("mkpkg");
    const info = words.filter((_word, at) => words[at - 1] === "--info");
    expect(info).toEqual([
      "name:thing",
      "version:1.2.3-r4",
      "description:A thing. In two lines.",
      "arch:noarch",
      "license:MIT",
      "origin:thing",
      "maintainer:Somebody",
      "depends:libc node",
    ]);
    expect(readFileSync(join(record, "epoch"), "utf8")).toBe("1700000000\n");
  });

  test("brings the lists that OpenWrt's scripts look for, with one time for all files", () => {
    makeApk(staged(), 1_700_000_000, join(place, "out.apk"));
    const lists = join(record, "files/lib/apk/packages");
    expect(readdirSync(lists).sort()).toEqual([
      "thing.conffiles",
      "thing.conffiles_static",
      "thing.list",
      "thing.rusers",
    ]);
    expect(readFileSync(join(lists, "thing.list"), "utf8")).toBe("/etc/config/thing\n/etc/run\n");
    expect(readFileSync(join(lists, "thing.rusers"), "utf8")).toBe("thing=1:thing=1\n");
    expect(readFileSync(join(lists, "thing.conffiles"), "utf8")).toBe("/etc/config/thing\n/etc/thing.yaml\n");
    // sha256sum of "config\n"
    expect(readFileSync(join(lists, "thing.conffiles_static"), "utf8")).toBe(
      "/etc/config/thing f612b89bcdbc401379f644d7e48572e3470f77dcd4c39416405d80952ad7089e\n",
    );
    expect((statSync(join(record, "files/etc/config/thing")).mode & 0o777).toString(8)).toBe("600");
    for (const name of readdirSync(join(record, "files"), { recursive: true, encoding: "utf8" })) {
      expect(statSync(join(record, "files", name)).mtimeMs, name).toBe(1_700_000_000_000);
    }
  });

  test("runs OpenWrt's own steps before those of the package; an upgrade says that it is one", () => {
    makeApk(staged(), 0, join(place, "out.apk"));
    const script = (phase: string): string => readFileSync(join(record, `script-${phase}`), "utf8");
    expect(
      readdirSync(record)
        .filter((name) => name.startsWith("script-"))
        .sort(),
    ).toEqual(["script-post-install", "script-post-upgrade", "script-pre-deinstall"]);
    expect(script("post-install")).toMatch(
      /pkgname="thing"\nadd_group_and_user\ndefault_postinst\necho own step\n$/,
    );
    expect(script("post-install")).not.toMatch(/PKG_UPGRADE/);
    expect(script("post-upgrade")).toMatch(
      /export PKG_UPGRADE=1\nadd_group_and_user\ndefault_postinst\necho own step\n$/,
    );
    expect(script("pre-deinstall")).toMatch(/\ndefault_prerm\n$/);
  });

  test("needs apk-tools 3", () => {
    writeFileSync(join(bin, "apk"), '#!/bin/sh\necho "apk-tools 2.14.0, compiled for x86_64."\n', {
      mode: 0o755,
    });
    expect(apkMissing()).toMatch(/apk-tools 3 is needed, found apk-tools 2\.14\.0/);
  });
});
