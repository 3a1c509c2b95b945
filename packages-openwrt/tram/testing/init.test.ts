import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routerMissing } from "../../../e2e/src/router-root.ts";
import { makePackages } from "../../../scripts/package/make-packages.ts";
import { argumentsOf, type Outcome, ScriptRouter } from "./router.ts";

const INIT = "/etc/init.d/tram";
const RENDERED = "var/run/tram/tram.yaml";

/** The section that a new installation has, with other options. */
function config(sections: Readonly<Record<string, Readonly<Record<string, string>>>> = {}): string {
  const all: Record<string, Record<string, string>> = {
    service: { enabled: "1" },
    storage: { data: "/srv/tram" },
    rules: { dir: "/etc/tram/rules" },
    mqtt: { port: "1883" },
    http: { port: "8080" },
  };
  for (const [name, options] of Object.entries(sections)) all[name] = { ...all[name], ...options };
  return Object.entries(all)
    .map(([name, options]) => {
      const lines = Object.entries(options).map(([key, value]) => `\toption ${key} '${value}'\n`);
      return `config ${name} '${name}'\n${lines.join("")}\n`;
    })
    .join("");
}

describe.skipIf(routerMissing() !== false)("the init script in a router's root", () => {
  const place = mkdtempSync(join(tmpdir(), "tram-init-"));
  let router: ScriptRouter;

  function configure(sections: Parameters<typeof config>[0] = {}): void {
    router.root.write("etc/config/tram", config(sections), 0o600);
  }

  function callsTo(outcome: Outcome, name: string): readonly (readonly string[])[] {
    return outcome.calls.filter(([call]) => call === name).map(([, ...rest]) => rest);
  }

  beforeAll(async () => {
    const out = join(place, "packages");
    const { files } = await makePackages({ work: join(place, "work"), out });
    const ipk = files.find((name) => /^tram_.*\.ipk$/.test(name));
    if (ipk === undefined) throw new Error("no package was made");
    router = new ScriptRouter(join(place, "root"));
    router.root.install(join(out, ipk));
    router.root.write("etc/config/system", "config system\n\toption zonename 'Asia/Ho Chi Minh'\n");
  }, 60_000);

  afterAll(() => rmSync(place, { recursive: true, force: true }));

  beforeEach(() => {
    router.forget();
    rmSync(router.root.file("srv/tram"), { recursive: true, force: true });
    configure();
  });

  test("starts one instance, as the package's own user, with its limits", () => {
    const outcome = router.call(`${INIT} start`);
    expect(outcome.syslog).toEqual([]);
    expect(outcome.status).toBe(0);
    expect(router.running).toBeDefined();
    expect(callsTo(outcome, "procd_open_instance")).toHaveLength(1);
    const parameters = Object.fromEntries(
      callsTo(outcome, "procd_set_param").map(([name = "", ...rest]) => [name, rest]),
    );
    expect(parameters).toEqual({
      command: ["/usr/bin/tram", "run", "--config", "/var/run/tram/tram.yaml"],
      file: ["/etc/config/tram", "/var/run/tram/tram.yaml", "/usr/lib/tram/tram.js"],
      env: ["TRAM_RUNTIME=/var/run/tram"],
      respawn: ["3600", "5", "0"],
      limits: ["nofile=4096 4096"],
      user: ["tram"],
      group: ["tram"],
      no_new_privs: ["1"],
      stdout: ["1"],
      stderr: ["1"],
    });
    expect(callsTo(outcome, "procd_append_param")).toEqual([]);
  });

  test("what the gateway may write belongs to it, and to nobody else", () => {
    router.call(`${INIT} start`);
    expect(router.modeAndOwner("var/run/tram")).toBe("0750 1883:1883");
    expect(router.modeAndOwner(RENDERED)).toBe("0600 1883:1883");
    expect(router.modeAndOwner("srv/tram")).toBe("0700 1883:1883");
    expect(readdirSync(router.root.file("var/run"))).toEqual(["tram"]);
  });

  test("options of the service reach procd", () => {
    configure({ service: { heap_mb: "96", nofile: "8192" } });
    const outcome = router.call(`${INIT} start`);
    expect(callsTo(outcome, "procd_append_param")).toEqual([["env", "TRAM_HEAP_MB=96"]]);
    expect(argumentsOf(outcome, "procd_set_param", "limits")).toEqual(["nofile=8192 8192"]);
  });

  test("a service that is switched off is stopped, and still hears of changes", () => {
    router.call(`${INIT} start`);
    configure({ service: { enabled: "0" } });
    const outcome = router.call(`${INIT} reload`);
    expect(outcome.status).toBe(0);
    expect(router.running).toBeUndefined();
    expect(argumentsOf(outcome, "procd_add_reload_trigger")).toEqual(["tram", "system"]);
  });

  describe("a broken configuration", () => {
    const broken: readonly [string, Parameters<typeof config>[0], RegExp][] = [
      [
        "a key of the gateway",
        { mqtt: { port: "abc" } },
        /^tram daemon\.err: tram\.mqtt\.port: expected .*abc/,
      ],
      [
        "an option of the service",
        { service: { heap_mb: "lots" } },
        /^tram daemon\.err: tram\.service\.heap_mb: expected range\(32,4096\), found "lots"$/,
      ],
      [
        "a heap that is too small",
        { service: { heap_mb: "8" } },
        /^tram daemon\.err: tram\.service\.heap_mb: expected range\(32,4096\), found "8"$/,
      ],
      [
        "a folder of others",
        { storage: { data: "/etc" } },
        /^tram daemon\.err: tram\.storage\.data: expected .*found \/etc$/,
      ],
    ];

    test.each(broken)("at the start, %s: no instance, and the log names it", (_what, sections, line) => {
      configure(sections);
      const outcome = router.call(`${INIT} start`);
      expect(outcome.syslog).toHaveLength(1);
      expect(outcome.syslog[0]).toMatch(line);
      expect(router.running).toBeUndefined();
      expect(callsTo(outcome, "procd_open_instance")).toEqual([]);
      // It starts by itself once it is mended.
      expect(argumentsOf(outcome, "procd_add_reload_trigger")).toEqual(["tram", "system"]);
      expect(
        readdirSync(router.root.file("var/run")).filter((name) => name.startsWith("tram-render")),
      ).toEqual([]);
    });

    test.each(broken)("at a reload, %s: what runs is not touched", (_what, sections, line) => {
      router.call(`${INIT} start`);
      const before = { running: router.running, rendered: router.root.read(RENDERED) };
      configure(sections);
      const outcome = router.call(`${INIT} reload`);
      expect(outcome.status).not.toBe(0);
      expect(outcome.syslog).toHaveLength(2);
      expect(outcome.syslog[0]).toMatch(line);
      expect(outcome.syslog[1]).toBe(
        "tram daemon.err: the configuration is refused; what runs goes on with the one before",
      );
      expect(callsTo(outcome, "procd_open_service")).toEqual([]);
      expect(callsTo(outcome, "procd_close_service")).toEqual([]);
      expect({ running: router.running, rendered: router.root.read(RENDERED) }).toEqual(before);
    });

    test("each problem has its line", () => {
      configure({ mqtt: { port: "abc" }, log: { level: "loud" } });
      const outcome = router.call(`${INIT} start`);
      expect(outcome.syslog.map((line) => /tram\.\w+\.\w+/.exec(line)?.[0]).sort()).toEqual([
        "tram.log.level",
        "tram.mqtt.port",
      ]);
    });

    test("mended, a reload starts what did not run", () => {
      configure({ mqtt: { port: "abc" } });
      router.call(`${INIT} start`);
      configure();
      expect(router.call(`${INIT} reload`).status).toBe(0);
      expect(router.running).toBeDefined();
    });
  });

  test("a good reload replaces the instance with the new configuration", () => {
    router.call(`${INIT} start`);
    const before = router.running;
    configure({ http: { port: "8081" } });
    const outcome = router.call(`${INIT} reload`);
    expect(outcome.status).toBe(0);
    expect(router.running).not.toBe(before);
    expect(callsTo(outcome, "procd_open_instance")).toHaveLength(1);
    expect(router.root.read(RENDERED)).toMatch(/8081/);
  });

  describe("the data folder", () => {
    test("of a restored backup goes back to the gateway with all that is in it", () => {
      router.root.write("srv/tram/tram.db", "not a database, but its name");
      router.call(`${INIT} start`);
      expect(router.running).toBeDefined();
      expect(router.modeAndOwner("srv/tram")).toBe("0700 1883:1883");
      expect(router.modeAndOwner("srv/tram/tram.db")).toBe("0644 1883:1883");
    });

    test("with a restore that a power cut has cut short: it is ended first, and what it brings is in force", () => {
      const plan = {
        aside: "before-restore-1",
        outside: [{ from: "config/uci", to: "/etc/config/tram" }],
        rulesDir: "/etc/tram/rules",
        note: "x",
      };
      router.root.write("srv/tram/tram.db", "old");
      router.root.write("srv/tram/restore.ready/plan.json", JSON.stringify(plan));
      router.root.write("srv/tram/restore.ready/data/tram.db", "new");
      router.root.write("srv/tram/restore.ready/rules/heat.yaml", "[]\n");
      router.root.write("srv/tram/restore.ready/config/uci", config({ http: { port: "8090" } }));
      const outcome = router.call(`${INIT} start`);
      expect(outcome.syslog).toEqual([]);
      expect(router.running).toBeDefined();
      expect(router.root.read(RENDERED)).toMatch(/8090/);
      expect(router.root.read("srv/tram/tram.db")).toBe("new");
      expect(router.root.read("srv/tram/before-restore-1/tram.db")).toBe("old");
      expect(router.root.read("etc/tram/rules/heat.yaml")).toBe("[]\n");
      expect(router.modeAndOwner("srv/tram/tram.db")).toBe("0644 1883:1883");
      // For the gateway's backups: it cannot read root's file.
      expect(router.root.read("var/run/tram/tram.uci")).toMatch(/8090/);
      expect(router.modeAndOwner("var/run/tram/tram.uci")).toBe("0600 1883:1883");
      expect(router.modeAndOwner("etc/config/tram")).toMatch(/^0600 0:0/);
      rmSync(router.root.file("etc/tram/rules/heat.yaml"));
    });

    test("on a disk that is not there: nothing starts, nothing is written in its place", () => {
      configure({ storage: { data: "/mnt/disk/tram" } });
      router.root.write("record/fstab", "/mnt/disk\n");
      const outcome = router.call(`${INIT} start`);
      expect(router.running).toBeUndefined();
      expect(outcome.syslog[0]).toMatch(/tram\.storage\.data: expected a disk mounted at \/mnt\/disk/);
      expect(existsSync(router.root.file("mnt/disk"))).toBe(false);
      expect(argumentsOf(outcome, "procd_add_reload_mount_trigger")).toEqual(["/mnt/disk/tram"]);
    });

    test.each([
      [
        "cannot be made",
        "mount -t tmpfs -o ro none /srv",
        /expected a folder that can be made, found \/srv\/tram/,
      ],
      [
        "cannot be handed over",
        "mount -t tmpfs none /srv && mkdir /srv/tram && touch /srv/tram/tram.db && mount -o remount,ro /srv",
        /expected a folder that can be handed to the gateway, found \/srv\/tram/,
      ],
    ])("that %s: the gateway starts all the same, and the log says so", (_name, mounts, expected) => {
      const outcome = router.call(`${mounts} && ${INIT} start`);
      expect(router.running).toBeDefined();
      expect(outcome.syslog.join("\n")).toMatch(expected);
    });

    test("on a disk that is there is made on it", () => {
      configure({ storage: { data: "/mnt/disk/tram" } });
      router.root.write("record/fstab", "/mnt/disk\n");
      const outcome = router.call(
        `mkdir -p /mnt/disk && mount -t tmpfs none /mnt/disk && ${INIT} start && ls -ldn /mnt/disk/tram`,
      );
      expect(outcome.output).toMatch(/^drwx------ +\d+ 1883 +1883 /m);
      expect(router.running).toBeDefined();
    });
  });

  describe("security", () => {
    test("links in the gateway's folder do not lead root elsewhere", () => {
      router.call(`${INIT} start`);
      router.root.write("etc/shadow", "root:*:0:0:99999:7:::\n", 0o600);
      router.call(`rm ${`/${RENDERED}`} && ln -s /etc/shadow /${RENDERED}`);
      router.call(`${INIT} reload`);
      expect(router.root.read("etc/shadow")).toBe("root:*:0:0:99999:7:::\n");
      expect(router.modeAndOwner("etc/shadow")).toBe("0600 0:0");
      expect(router.modeAndOwner(RENDERED)).toBe("0600 1883:1883");
    });

    test.each([RENDERED, "var/run/tram/tram.uci"])("nor does a link to a folder at %s", (place) => {
      router.call(`${INIT} start`);
      const outcome = router.call(
        `mkdir /etc/elsewhere && rm /${place} && ln -s /etc/elsewhere /${place} && ${INIT} reload`,
      );
      expect(outcome.syslog).toEqual([]);
      expect(readdirSync(router.root.file("etc/elsewhere"))).toEqual([]);
      rmSync(router.root.file("etc/elsewhere"), { recursive: true });
      expect(router.modeAndOwner(place)).toBe("0600 1883:1883");
    });

    test("a folder in the place of the configuration: nothing goes into it, and the log says so", () => {
      const outcome = router.call(`mkdir -p /${RENDERED} && ${INIT} start`);
      expect(outcome.syslog.at(-1)).toMatch(/\/var\/run\/tram: the configuration cannot be put there/);
      expect(readdirSync(router.root.file(RENDERED))).toEqual([]);
      expect(router.running).toBeUndefined();
      rmSync(router.root.file(RENDERED), { recursive: true });
    });

    test("secrets beside the configuration: the gateway reads them, nobody else does", () => {
      router.root.write("etc/tram/kitchen.password", "s3cret\n", 0o644);
      router.call(`${INIT} start`);
      expect(router.modeAndOwner("etc/tram/kitchen.password")).toBe("0640 0:1883");
      rmSync(router.root.file("etc/tram/kitchen.password"));
    });

    test("MQTT and the web UI are for the LAN: the firewall is told, and told to ask again", () => {
      configure({ mqtt: { port: "1884" }, http: { port: "8081" } });
      const outcome = router.call(`${INIT} start`);
      const data = outcome.calls.slice(
        outcome.calls.findIndex(([name]) => name === "procd_open_data"),
        outcome.calls.findIndex(([name]) => name === "procd_close_data"),
      );
      const rule = data.slice(
        data.findIndex(([name, key]) => name === "json_add_array" && key === "firewall"),
      );
      expect(rule.map((call) => call.join(" "))).toEqual([
        "json_add_array firewall",
        "json_add_object ",
        "json_add_string type rule",
        "json_add_string src wan",
        "json_add_string proto tcp",
        "json_add_string dest_port 8081 1884",
        "json_add_string target REJECT",
        "json_close_object",
        "json_close_array",
      ]);
      expect(callsTo(outcome, "procd_set_config_changed")).toEqual([["firewall"]]);
    });
  });

  test("mDNS names what others can reach", () => {
    expect(callsTo(router.call(`${INIT} start`), "procd_add_mdns_service")).toEqual([
      ["http", "tcp", "8080", "path=/"],
      ["mqtt", "tcp", "1883"],
    ]);
    configure({ mqtt: { host: "127.0.0.1" } });
    expect(callsTo(router.call(`${INIT} start`), "procd_add_mdns_service")).toEqual([
      ["http", "tcp", "8080", "path=/"],
    ]);
  });

  test("an address of the LAN may come late: then its interface starts what could not listen", () => {
    expect(callsTo(router.call(`${INIT} start`), "procd_add_reload_interface_trigger")).toEqual([]);
    configure({ http: { host: "192.168.1.1" } });
    expect(callsTo(router.call(`${INIT} start`), "procd_add_reload_interface_trigger")).toEqual([["lan"]]);
  });

  test("stop takes the rule of the firewall along", () => {
    router.call(`${INIT} start`);
    const outcome = router.call(`${INIT} stop`);
    expect(router.running).toBeUndefined();
    expect(callsTo(outcome, "procd_set_config_changed")).toEqual([["firewall"]]);
  });
});
