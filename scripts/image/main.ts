import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, inspectBuilder } from "./builder.ts";
import { verifiedChecksum } from "./checksum.ts";
import { EXIT, ImageError } from "./image-error.ts";
import { ourPackages, placePackages } from "./local-packages.ts";
import { checkManifest, readManifest } from "./manifest.ts";
import { addRepository, nodeFeed } from "./node-feed.ts";
import { loadProfile, packageList, profileNames } from "./profiles.ts";
import { images, stageFiles } from "./result.ts";
import { unpackedBuilder } from "./unpack.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PROFILES = join(ROOT, "packages-openwrt/images");

const USAGE = `Builds an OpenWrt image with Tram in it, by OpenWrt's own ImageBuilder.

  make package
  make image PROFILE=${profileNames(PROFILES).join("|")} IMAGEBUILDER=… NODE_FEED=…

  PROFILE              the board
  IMAGEBUILDER         the ImageBuilder of the board's target: its .tar.zst or .tar.xz, or the folder it was unpacked to
  IMAGEBUILDER_SHA256  its SHA-256; else the file sha256sums beside it is used
  NODE_FEED            a folder with the package node, or a line for ImageBuilder's list of repositories
  NODE_FEED_KEY        the public key of that repository
  PACKAGES             more packages; with - in front, to be left out
  DISABLED_SERVICES    services that shall not start
`;

/** Where things are; tests have their own. */
interface Places {
  readonly packages: string;
  readonly cache: string;
  readonly out: string;
}

async function makeImage(environment: NodeJS.ProcessEnv, places: Places): Promise<void> {
  const setting = (name: string): string => environment[name]?.trim() ?? "";
  if (setting("PROFILE") === "" && setting("IMAGEBUILDER") === "") throw new ImageError("usage", USAGE);
  const profile = loadProfile(PROFILES, setting("PROFILE"));
  const builder = inspectBuilder(await builderFolder(setting("IMAGEBUILDER"), environment, places.cache));
  const { board } = profile;
  if (builder.target !== board.target || !builder.profiles.includes(board.profile)) {
    throw new ImageError(
      "wrong-target",
      `IMAGEBUILDER: expected the one for ${board.target} with ${board.profile}, found ${builder.target} with ${builder.profiles.join(", ")}`,
    );
  }

  const feed = nodeFeed(setting("NODE_FEED"), builder);
  const ours = ourPackages(places.packages, builder);
  placePackages(builder, feed !== undefined && "packages" in feed ? [...feed.packages, ...ours] : ours);
  const wanted = [...profile.packages, ...packageList(setting("PACKAGES"), "PACKAGES")];
  // By its full name, or an older one of another feed may be taken: both provide `node`.
  const node = feed !== undefined && "node" in feed ? feed.node : "node";
  const packages = wanted.map((name) => (name === "node" ? node : name));

  const out = join(places.out, profile.name);
  const files = join(places.cache, `files-${profile.name}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  stageFiles(profile.files, files);
  {
    const line = feed !== undefined && "line" in feed ? feed.line : undefined;
    using _list = line === undefined ? undefined : addRepository(builder, line, setting("NODE_FEED_KEY"));
    await build(builder, {
      profile: board.profile,
      packages,
      files,
      out,
      disabledServices: setting("DISABLED_SERVICES"),
      ...(board.rootfsMb === undefined ? {} : { rootfsMb: board.rootfsMb }),
    });
  }
  const manifest = readManifest(out);
  checkManifest(manifest, wanted);
  const made = await images(out, profile);

  console.log(`\nImages for ${profile.name}, with ${manifest.size} packages, in ${out}:`);
  for (const { name, bytes, sha256 } of made) {
    console.log(`  ${name}\n    ${(bytes / 1_048_576).toFixed(1)} MiB, SHA-256 ${sha256}`);
  }
}

async function builderFolder(given: string, environment: NodeJS.ProcessEnv, cache: string): Promise<string> {
  if (given === "" || !existsSync(given)) {
    const found = given === "" ? "nothing" : `no such file or folder: ${given}`;
    throw new ImageError(
      "usage",
      `IMAGEBUILDER: expected OpenWrt's ImageBuilder, found ${found}\n\n${USAGE}`,
    );
  }
  const path = resolve(given);
  if (statSync(path).isDirectory()) return path;
  const sum = await verifiedChecksum(path, environment.IMAGEBUILDER_SHA256 || undefined);
  return unpackedBuilder(path, sum, cache);
}

try {
  const place = (name: string, fallback: string): string => process.env[name] ?? join(ROOT, fallback);
  await makeImage(process.env, {
    packages: place("IMAGE_PACKAGES_DIR", "dist/packages"),
    cache: place("IMAGE_CACHE_DIR", ".cache/image"),
    out: place("IMAGE_OUT_DIR", "dist/images"),
  });
} catch (error) {
  if (!(error instanceof ImageError)) throw error;
  console.error(`\nmake image: ${error.message}`);
  process.exitCode = EXIT[error.code];
}
