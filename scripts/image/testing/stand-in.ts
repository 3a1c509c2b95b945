import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Generation } from "../package-file.ts";

/** What a stand-in does wrong, as the real one can. */
export type Fault =
  | "drops node"
  | "drops tram"
  | "fails"
  | "no manifest"
  | "no image"
  | "large image"
  | "old node";

export interface StandInOptions {
  readonly generation: Generation;
  readonly target?: string;
  readonly profiles?: readonly string[];
  readonly fault?: Fault;
}

/**
 * Answers as ImageBuilder's help says it does: `make info`, and `make image` with PROFILE, PACKAGES, FILES, BIN_DIR and
 * DISABLED_SERVICES. A package is installed out of packages/ when a file there has its name (with the ABI's version, if
 * it has one), else out of its imagined feeds, which have everything but Tram and Node.
 */
const MAKEFILE = `
.PHONY: info image
info:
	@cat info.txt
image:
	@test -n "$(PROFILE)" && grep -q "^$(PROFILE):$$" info.txt || { echo 'Profile "$(PROFILE)" does not exist!'; exit 1; }
	@PROFILE="$(PROFILE)" PACKAGES="$(PACKAGES)" FILES="$(FILES)" BIN_DIR="$(BIN_DIR)" \\
	  DISABLED_SERVICES="$(DISABLED_SERVICES)" ROOTFS_PARTSIZE="$(ROOTFS_PARTSIZE)" sh ./build.sh
`;

const BUILD = `set -eu
. ./fault.sh
echo "Building images for $PROFILE"
echo "Package list missing or not up-to-date, generating it."
[ "$FAULT" != "fails" ] || { echo "ERROR: unable to select packages:" >&2; exit 1; }
mkdir -p "$BIN_DIR"
cp repositories* "$BIN_DIR/../seen-repositories" 2>/dev/null || :
ls packages > "$BIN_DIR/../seen-packages"
env > "$BIN_DIR/../seen-environment"
printf '%s\\n' "$PROFILE|$PACKAGES|$DISABLED_SERVICES|$ROOTFS_PARTSIZE" > "$BIN_DIR/../seen-request"
rm -rf root && mkdir -p root/etc && cp -fpR "$FILES/." root/
manifest="$BIN_DIR/openwrt-$PROFILE.manifest"
: > "$manifest"
entry() {
  if [ -f repositories ]; then echo "$1 $2" >> "$manifest"; else echo "$1 - $2" >> "$manifest"; fi
}
entry base-files 1699
for name in $PACKAGES; do
  case "$name" in -*) continue ;; esac
  case "$FAULT:$name" in "drops node:node"*|"drops tram:tram") continue ;; esac
  file="$(ls packages | grep -E "^$name[0-9]*(_|-[0-9])" | head -n 1 || :)"
  case "$file" in
    "")
      case "$name" in
        tram|luci-app-tram|luci-i18n-tram-vi) echo "ERROR: $name (no such package)" >&2; exit 1 ;;
        node) [ "$FAULT" = "old node" ] && entry node115 20.20.2-r1 || : ;;
        *) entry "$name" 1.0-r1 ;;
      esac ;;
    *.ipk) entry "\${file%%_*}" "$(echo "$file" | cut -d _ -f 2)" ;;
    *.apk) base="\${file%.apk}"; entry "$(echo "$base" | sed -E 's/-[0-9][^-]*(-r[0-9]+)?$//')" \\
      "$(echo "$base" | sed -E 's/^.*-([0-9][^-]*(-r[0-9]+)?)$/\\1/')" ;;
  esac
done
[ "$FAULT" != "no manifest" ] || rm "$manifest"
echo '{}' > "$BIN_DIR/profiles.json"
echo kernel > "$BIN_DIR/openwrt-$PROFILE-kernel.bin"
case "$PROFILE" in generic) image=squashfs-combined.img.gz ;; *) image=squashfs-sysupgrade.bin ;; esac
case "$FAULT" in
  "no image") echo "WARNING: Image file $image is too big" ;;
  "large image") truncate -s 300M "$BIN_DIR/openwrt-$PROFILE-$image" ;;
  *) echo "an image for $PROFILE" > "$BIN_DIR/openwrt-$PROFILE-$image" ;;
esac
echo "of the images" > "$BIN_DIR/sha256sums"
`;

/** Writes a stand-in for an unpacked ImageBuilder into a folder. */
export function standIn(folder: string, options: StandInOptions): string {
  const { generation, target = "x86/64", profiles = ["generic"], fault } = options;
  mkdirSync(join(folder, "packages"), { recursive: true });
  writeFileSync(join(folder, "Makefile"), MAKEFILE);
  writeFileSync(join(folder, "build.sh"), BUILD);
  writeFileSync(join(folder, "fault.sh"), `FAULT='${fault ?? ""}'\n`);
  writeFileSync(
    join(folder, "info.txt"),
    [
      `Current Target: "${target}"`,
      'Current Architecture: "any"',
      'Current Revision: "r1"',
      "Default Packages: base-files",
      "Available Profiles:",
      "",
      ...profiles.flatMap((profile) => [`${profile}:`, "    Some board", "    Packages: kmod-usb3", ""]),
    ].join("\n"),
  );
  if (generation === "apk")
    writeFileSync(join(folder, "repositories"), "https://example.org/base/packages.adb\n");
  else writeFileSync(join(folder, "repositories.conf"), "src/gz base https://example.org/base\n");
  return folder;
}

/** Packs a folder as OpenWrt does. @returns the path of the archive. */
export function pack(folder: string, archive: string): string {
  run("tar", ["-C", join(folder, ".."), "-caf", archive, folder.split("/").at(-1) ?? ""]);
  return archive;
}

/** Empty files with the names that packages have. */
export function fakePackages(
  folder: string,
  generation: Generation,
  names: readonly [string, string][],
): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, version] of names) {
    const file = generation === "apk" ? `${name}-${version}.apk` : `${name}_${version}_all.ipk`;
    writeFileSync(join(folder, file), name);
    chmodSync(join(folder, file), 0o644);
  }
  return folder;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}
