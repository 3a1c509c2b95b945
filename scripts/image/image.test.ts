import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "./image-error.ts";
import type { Generation } from "./package-file.ts";
import { stageFiles } from "./result.ts";
import { fakePackages, pack, type StandInOptions, standIn } from "./testing/stand-in.ts";

const MAIN = join(import.meta.dirname, "main.ts");
const OURS: readonly [string, string][] = [
  ["tram", "0.1.0-r1"],
  ["luci-app-tram", "0.1.0-r1"],
  ["luci-i18n-tram-vi", "0.1.0-r1"],
];
const NODE: readonly [string, string][] = [["node137", "24.19.0-r1"]];
const MT3000 = { target: "mediatek/filogic", profiles: ["glinet_gl-mt3000", "openwrt_one"] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tram-image-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const seen = (name: string): string => readFileSync(at(`out/seen-${name}`), "utf8");

function environment(settings: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    IMAGE_PACKAGES_DIR: at("packages"),
    IMAGE_CACHE_DIR: at("cache"),
    IMAGE_OUT_DIR: at("out"),
    ...settings,
  };
}

/** Calls the program as the Makefile does. */
function makeImage(settings: Readonly<Record<string, string>>): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN], {
    encoding: "utf8",
    env: environment(settings),
  });
  return { code: status, said: stdout + stderr };
}

/** A builder with everything that a good image needs. */
function prepare(options: StandInOptions): Record<string, string> {
  fakePackages(at("packages"), options.generation, OURS);
  return {
    PROFILE: options.target === undefined ? "x86-64" : "glinet_gl-mt3000",
    IMAGEBUILDER: standIn(at("builder"), options),
    NODE_FEED: fakePackages(at("feed"), options.generation, NODE),
  };
}

describe("an image", () => {
  test.each(["apk", "opkg"] as const)(
    "is built by an ImageBuilder with %s, and told",
    (generation: Generation) => {
      const settings = prepare({ generation });
      const { code, said } = makeImage({
        ...settings,
        PACKAGES: "htop -ppp",
        DISABLED_SERVICES: "dnsmasq odhcpd",
      });
      expect(said).toContain("Building images for generic");
      expect(code, said).toBe(0);
      const image = readFileSync(at("out/x86-64/openwrt-generic-squashfs-combined.img.gz"));
      expect(said).toContain(createHash("sha256").update(image).digest("hex"));
      expect(said).toMatch(/squashfs-combined\.img\.gz\n {4}0\.0 MiB/);

      const [profile, packages = "", services, rootfs] = seen("request").trimEnd().split("|");
      expect([profile, services, rootfs]).toEqual(["generic", "dnsmasq odhcpd", "1024"]);
      // The very node of the feed, not any that provides one; and no comment of the list.
      const words = packages.split(" ");
      expect(words).toEqual(
        expect.arrayContaining(["node137", "tram", "luci-app-tram", "luci", "htop", "-ppp"]),
      );
      expect(words).not.toContain("node");
      expect(packages).not.toContain("#");
      const suffix = generation === "apk" ? "tram-0.1.0-r1.apk" : "tram_0.1.0-r1_all.ipk";
      expect(seen("packages").split("\n")).toContain(suffix);
    },
  );

  test("is not disturbed by the make that calls the program", () => {
    const settings = prepare({ generation: "apk" });
    writeFileSync(at("Makefile"), `image:\n\t@${process.execPath} ${MAIN}\n`);
    const made = spawnSync(
      "make",
      ["-j2", "image", ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)],
      {
        cwd: folder,
        encoding: "utf8",
        env: environment({}),
      },
    );
    expect(made.status, made.stdout + made.stderr).toBe(0);
    expect(seen("request")).toMatch(/^generic\|node137 tram /);
    const [flags = ""] = seen("environment")
      .split("\n")
      .filter((line) => line.startsWith("MAKEFLAGS="))
      // The name of the temporary folder ends by chance, and may hold what is looked for.
      .map((line) => line.replaceAll(folder, "<folder>"));
    expect(flags).toContain("PROFILE=generic");
    expect(flags).not.toMatch(/NODE_FEED|PROFILE=x86-64|jobserver|-j/);
  });

  test("takes other versions and old indexes out of the builder's folder, and nothing else", () => {
    const settings = prepare({ generation: "apk" });
    fakePackages(at("builder/packages"), "apk", [
      ["tram", "0.0.9-r1"],
      ["node115", "20.20.2-r1"],
      ["foreign", "1.0-r1"],
    ]);
    writeFileSync(at("builder/packages/packages.adb"), "old");
    expect(makeImage(settings).code).toBe(0);
    expect(seen("packages").trim().split("\n").sort()).toEqual([
      "foreign-1.0-r1.apk",
      "luci-app-tram-0.1.0-r1.apk",
      "luci-i18n-tram-vi-0.1.0-r1.apk",
      "node115-20.20.2-r1.apk",
      "node137-24.19.0-r1.apk",
      "tram-0.1.0-r1.apk",
    ]);
  });

  test("gets the profile's files with modes of their own, whatever the umask of the clone", () => {
    mkdirSync(at("clone/etc"), { recursive: true });
    writeFileSync(at("clone/etc/script"), "", { mode: 0o700 });
    writeFileSync(at("clone/etc/text"), "", { mode: 0o600 });
    for (const name of ["clone", "clone/etc"]) chmodSync(at(name), 0o700);
    const umask = process.umask(0o077);
    stageFiles(at("clone"), at("staged"));
    process.umask(umask);
    const modes = [".", "etc", "etc/script", "etc/text"].map(
      (name) => statSync(at(`staged/${name}`)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o755, 0o644]);

    expect(makeImage(prepare({ generation: "apk", ...MT3000 })).code).toBe(0);
    expect(readFileSync(at("builder/root/etc/uci-defaults/99-tram"), "utf8")).toContain("hostname");
  });

  test("takes Node from a repository whose line and key are lent to the builder", () => {
    const settings = prepare({ generation: "apk" });
    fakePackages(at("builder/packages"), "apk", NODE); // What the repository would bring.
    writeFileSync(at("feed.pem"), "key");
    const line = "https://feed.example.org/packages.adb";
    const { code, said } = makeImage({ ...settings, NODE_FEED: line, NODE_FEED_KEY: at("feed.pem") });
    expect(code, said).toBe(0);
    expect(seen("repositories").split("\n")[0]).toBe(line);
    expect(readFileSync(at("builder/repositories"), "utf8")).toBe("https://example.org/base/packages.adb\n");
    expect(readFileSync(at("builder/keys/feed.pem"), "utf8")).toBe("key");
  });

  test("is built from a verified archive, which is unpacked once", () => {
    const settings = prepare({ generation: "apk" });
    const archive = pack(at("builder"), at("imagebuilder.tar.zst"));
    rmSync(at("builder"), { recursive: true });
    const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
    expect(
      makeImage({ ...settings, IMAGEBUILDER: archive, IMAGEBUILDER_SHA256: sum.toUpperCase() }).code,
    ).toBe(0);
    const [unpacked = ""] = readdirSync(at("cache")).filter((name) => !name.startsWith("files-"));
    const marker = at(`cache/${unpacked}/builder/marker`);
    writeFileSync(marker, "");
    // The list of OpenWrt's download server, beside it.
    writeFileSync(at("sha256sums"), `${"0".repeat(64)} *other.tar.zst\n${sum} *imagebuilder.tar.zst\n`);
    expect(makeImage({ ...settings, IMAGEBUILDER: archive }).code).toBe(0);
    expect(statSync(marker).isFile()).toBe(true);
  });

  test("is built from .tar.xz too", () => {
    const settings = prepare({ generation: "opkg" });
    const archive = pack(at("builder"), at("imagebuilder.tar.xz"));
    const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
    const { code, said } = makeImage({ ...settings, IMAGEBUILDER: archive, IMAGEBUILDER_SHA256: sum });
    expect(code, said).toBe(0);
  });
});

/** What goes wrong: the exit code, and what the message must say. */
function expectFailure(
  settings: Readonly<Record<string, string>>,
  code: keyof typeof EXIT,
  ...words: string[]
): void {
  const result = makeImage(settings);
  expect(result.code, result.said).toBe(EXIT[code]);
  for (const word of words) expect(result.said).toContain(word);
  expect(result.said).not.toMatch(/^ {4}at /m);
  expect(result.said).not.toContain("Images for");
}

describe("fails loudly, and says what and why:", () => {
  test.each([
    ["drops node", "dropped", ["lacks node", "NODE_FEED="]],
    ["drops tram", "dropped", ["lacks tram:"]],
    ["fails", "build-failed", ["unable to select packages", "exit code 2"]],
    ["no manifest", "no-manifest", ["do not flash it"]],
    ["no image", "no-image", ["squashfs-combined.img.gz", "too big"]],
  ] as const)("a builder that %s", (fault, code, words) => {
    expectFailure(prepare({ generation: "apk", fault }), code, ...words);
  });

  test("a manifest that cannot be read", () => {
    const settings = prepare({ generation: "apk" });
    const build = at("builder/build.sh");
    writeFileSync(build, `${readFileSync(build, "utf8")}echo '???' > "$manifest"\n`);
    expectFailure(settings, "no-manifest", "openwrt-generic.manifest");
  });

  test("a package that the user asked for and did not get", () => {
    const settings = prepare({ generation: "apk" });
    const build = at("builder/build.sh");
    writeFileSync(
      build,
      readFileSync(build, "utf8").replace('case "$name" in -*)', 'case "$name" in -*|htop)'),
    );
    expectFailure({ ...settings, PACKAGES: "htop" }, "dropped", "lacks htop");
  });

  test("an image larger than the flash", () => {
    const settings = prepare({ generation: "apk", ...MT3000, fault: "large image" });
    expectFailure(settings, "too-large", "258211840", String(300 * 1_048_576));
  });

  test("the Node of an old feed", () => {
    const settings = prepare({ generation: "opkg", fault: "old node" });
    expectFailure({ ...settings, NODE_FEED: "" }, "old-node", "node115 20.20.2-r1", "22.23");
  });

  test("an unknown profile, with those there are", () => {
    const settings = prepare({ generation: "apk" });
    expectFailure(
      { ...settings, PROFILE: "rpi" },
      "unknown-profile",
      "glinet_gl-mt3000, x86-64",
      "found rpi",
    );
    expectFailure({ ...settings, PROFILE: "../x86-64" }, "unknown-profile", "../x86-64");
  });

  test("an ImageBuilder of another target, or none", () => {
    const settings = prepare({ generation: "apk" });
    expectFailure({ ...settings, PROFILE: "glinet_gl-mt3000" }, "wrong-target", "mediatek/filogic", "x86/64");
    mkdirSync(at("empty"));
    expectFailure({ ...settings, IMAGEBUILDER: at("empty") }, "not-an-imagebuilder", at("empty"));
    expectFailure(
      { ...settings, IMAGEBUILDER: at("nothing") },
      "usage",
      "no such file",
      "IMAGEBUILDER_SHA256",
    );
    expectFailure({}, "usage", "make package", "NODE_FEED");
  });

  test("packages that are missing, or of the other package manager, or misnamed", () => {
    const settings = prepare({ generation: "apk" });
    rmSync(at("packages/tram-0.1.0-r1.apk"));
    expectFailure(settings, "no-packages", "expected tram (.apk)", "apk-tools");
    rmSync(at("packages"), { recursive: true });
    expectFailure(settings, "no-packages", "tram (.apk) and luci-app-tram (.apk)");
    fakePackages(at("packages"), "apk", OURS);
    writeFileSync(at("packages/tram_0.1.0-r1_noarch.apk"), "");
    expectFailure(settings, "bad-package-name", "tram_0.1.0-r1_noarch.apk", "<name>-<version>.apk");
  });

  test("a node feed without node, or that is none", () => {
    const settings = prepare({ generation: "apk" });
    fakePackages(at("other"), "apk", [["node-npm", "24.19.0-r1"]]);
    expectFailure({ ...settings, NODE_FEED: at("other") }, "no-node", "package node", "found 1 others");
    expectFailure({ ...settings, NODE_FEED: "src/gz node https://example.org" }, "usage", "packages.adb");
    expectFailure({ ...settings, NODE_FEED: at("nowhere") }, "usage", at("nowhere"));
  });
});

describe("an archive", () => {
  let settings: Record<string, string>;
  let archive: string;
  beforeEach(() => {
    settings = prepare({ generation: "apk" });
    archive = pack(at("builder"), at("imagebuilder.tar.zst"));
  });
  const sumOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
  const leftovers = (): string[] => {
    try {
      return readdirSync(at("cache"));
    } catch {
      return [];
    }
  };

  test("that nobody vouches for is refused, and told how to", () => {
    expectFailure(
      { ...settings, IMAGEBUILDER: archive },
      "no-checksum",
      "sha256sums",
      "IMAGEBUILDER_SHA256=",
    );
    writeFileSync(at("sha256sums"), `${"0".repeat(64)} *other.tar.zst\n`);
    expectFailure({ ...settings, IMAGEBUILDER: archive }, "no-checksum", "does not name it");
    expectFailure(
      { ...settings, IMAGEBUILDER: archive, IMAGEBUILDER_SHA256: "abc" },
      "no-checksum",
      "found abc",
    );
  });

  test("with a wrong checksum is not touched", () => {
    const sum = "a".repeat(64);
    expectFailure(
      { ...settings, IMAGEBUILDER: archive, IMAGEBUILDER_SHA256: sum },
      "wrong-checksum",
      sum,
      sumOf(archive),
    );
    expect(leftovers()).toEqual([]);
  });

  test("that is truncated leaves nothing behind", () => {
    const bytes = readFileSync(archive);
    writeFileSync(archive, bytes.subarray(0, bytes.length / 2));
    expectFailure(
      { ...settings, IMAGEBUILDER: archive, IMAGEBUILDER_SHA256: sumOf(archive) },
      "broken-archive",
      "imagebuilder.tar.zst",
    );
    expect(leftovers()).toEqual([]);
  });

  test.each(["../outside", "/tmp/outside"])("with the name %s is refused", (name) => {
    const evil = at("evil.tar.zst");
    writeFileSync(at("file"), "x");
    const made = spawnSync("tar", [
      "-C",
      folder,
      "-caf",
      evil,
      "-P",
      `--transform=s,^file$,${name},`,
      "file",
      "builder",
    ]);
    expect(made.status).toBe(0);
    expectFailure(
      { ...settings, IMAGEBUILDER: evil, IMAGEBUILDER_SHA256: sumOf(evil) },
      "unsafe-archive",
      name,
    );
    expect(leftovers()).toEqual([]);
  });

  test("that is no ImageBuilder is told so", () => {
    writeFileSync(at("file"), "x");
    const other = at("other.tar.zst");
    spawnSync("tar", ["-C", folder, "-caf", other, "file"]);
    expectFailure(
      { ...settings, IMAGEBUILDER: other, IMAGEBUILDER_SHA256: sumOf(other) },
      "not-an-imagebuilder",
      "found file",
    );
    expect(leftovers()).toEqual([]);
  });
});
