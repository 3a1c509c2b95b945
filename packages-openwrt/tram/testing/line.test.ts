import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { routerMissing } from "../../../e2e/src/router-root.ts";
import { makePackages } from "../../../scripts/package/make-packages.ts";
import { ScriptRouter } from "./router.ts";

interface Route {
  readonly target?: string;
  readonly mask?: number;
  readonly metric?: number;
  readonly table?: number;
}

interface LineOptions {
  readonly up?: boolean;
  readonly metric?: number;
  readonly routes?: readonly Route[];
  /** Number of its table for IPv4, where it has one of its own. */
  readonly ip4table?: number;
  /** Made by the protocol of another interface. */
  readonly dynamic?: boolean;
}

/** An interface as netifd tells it; one that is down has no routes. */
function line(name: string, proto: string, options: LineOptions = {}): object {
  const { up = true, metric = 0, routes = [{}], ...more } = options;
  const state = {
    metric,
    l3_device: `dev-${name}`,
    route: routes.map((route) => ({
      target: "0.0.0.0",
      mask: 0,
      nexthop: "192.0.2.1",
      source: "0/0",
      ...route,
    })),
    "dns-server": ["192.0.2.53"],
  };
  return { interface: name, up, available: true, dynamic: false, proto, ...(up ? state : {}), ...more };
}

const LOOPBACK = line("loopback", "static", { routes: [] });
const LAN = line("lan", "static", { routes: [{ target: "10.0.0.0", mask: 8 }] });
const CABLE = line("wan", "dhcp", { metric: 10 });
const CABLE_OUT = line("wan", "dhcp", { up: false });
const MODEM = line("modem", "qmi", { metric: 20 });
const MODEM_OUT = line("modem", "qmi", { up: false });
const V6 = { target: "::", mask: 0 };

describe.skipIf(routerMissing() !== false)(
  "which line a router uses, and whether it is paid by volume",
  () => {
    const place = mkdtempSync(join(tmpdir(), "tram-line-"));
    let router: ScriptRouter;

    beforeAll(async () => {
      const out = join(place, "packages");
      const { files } = await makePackages({ work: join(place, "work"), out });
      const ipk = files.find((name) => /^tram_.*\.ipk$/.test(name));
      if (ipk === undefined) throw new Error("no package was made");
      router = new ScriptRouter(join(place, "root"));
      router.root.install(join(out, ipk));
      router.root.write("etc/config/system", "config system\n");
    }, 60_000);

    afterAll(() => rmSync(place, { recursive: true, force: true }));

    beforeEach(() => {
      router.forget();
      configure();
    });

    function configure(lines: readonly string[] = [], more = ""): void {
      const options = lines.map((each) => `\t${each}\n`).join("");
      router.root.write("etc/config/tram", `config service 'service'\n${options}\n${more}`, 0o600);
    }

    const metered = (name: string): string => `list metered_interface '${name}'`;
    const unmetered = (name: string): string => `list unmetered_interface '${name}'`;

    /** hotplug-call reads each script in a shell of its own. */
    function hear(interfaces: readonly object[] | undefined, before = "true") {
      if (interfaces === undefined) rmSync(router.root.file("record/interfaces"), { force: true });
      else
        router.root.write("record/interfaces", JSON.stringify({ interface: [LOOPBACK, LAN, ...interfaces] }));
      const outcome = router.call(`${before}; ( . /etc/hotplug.d/iface/50-tram )`, {
        ACTION: "ifup",
        INTERFACE: "wan",
      });
      expect(outcome.output).toBe("");
      return said();
    }

    function said(): string | undefined {
      const file = router.root.file("var/run/tram/wan");
      const isFile = lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
      return isFile ? router.root.read("var/run/tram/wan") : undefined;
    }

    const METERED = "metered\n";
    const UNMETERED = "unmetered\n";

    test.each<[string, readonly object[], string | undefined, readonly string[]]>([
      ["a cable alone: nobody knows what it costs", [CABLE], undefined, []],
      ["a cable, and a modem that stands by", [CABLE, MODEM], UNMETERED, []],
      ["the modem, since the cable is out", [CABLE_OUT, MODEM], METERED, []],
      ["the modem alone", [MODEM], METERED, []],
      ["the cable, with a modem that is out", [CABLE, MODEM_OUT], UNMETERED, []],
      ["the order of the interfaces is of no matter", [MODEM, CABLE], UNMETERED, []],
      ["the route's own metric is", [line("wan", "dhcp", { routes: [{ metric: 30 }] }), MODEM], METERED, []],
      ["a metric of zero is the least", [line("wan", "dhcp"), MODEM], UNMETERED, []],
      [
        "a route in a table of its own is no default",
        [line("wan", "dhcp", { routes: [{ table: 7 }] }), MODEM],
        METERED,
        [],
      ],
      [
        "an interface with a table of its own neither",
        [line("wan", "dhcp", { ip4table: 7 }), MODEM],
        METERED,
        [],
      ],
      ["half of the Internet neither", [line("wan", "dhcp", { routes: [{ mask: 1 }] }), MODEM], METERED, []],
      ["IPv4 counts before IPv6", [line("wan6", "dhcpv6", { routes: [V6] }), MODEM], METERED, []],
      [
        "where there is nothing else IPv6 does",
        [CABLE_OUT, line("modem", "mbim", { routes: [V6] })],
        METERED,
        [],
      ],
      [
        "an interface that a modem's protocol has made is the modem",
        [line("modem", "qmi", { routes: [] }), line("modem_4", "dhcp", { dynamic: true, metric: 5 }), CABLE],
        METERED,
        [],
      ],
      ["a phone that looks like a cable, named", [line("phone", "dhcp")], METERED, [metered("phone")]],
      ["the cable beside it", [CABLE, line("phone", "dhcp", { metric: 20 })], UNMETERED, [metered("phone")]],
      ["one of several that are named", [line("phone", "dhcp")], METERED, [metered("x"), metered("phone")]],
      [
        "a name that is only part of it",
        [line("phone", "dhcp")],
        UNMETERED,
        [metered("phone2"), metered("pho")],
      ],
      ["a modem with a flat rate", [MODEM], UNMETERED, [unmetered("modem")]],
      [
        "and what its protocol has made",
        [line("modem", "qmi", { routes: [] }), line("modem_4", "dhcp", { dynamic: true })],
        UNMETERED,
        [unmetered("modem")],
      ],
      ["what is in both lists", [MODEM], METERED, [metered("modem"), unmetered("modem")]],
      ["a tunnel goes over the modem", [line("vpn", "wireguard"), MODEM], METERED, []],
      ["a tunnel that is named", [line("vpn", "wireguard"), MODEM], UNMETERED, [unmetered("vpn")]],
      ["a tunnel alone", [line("vpn", "wireguard"), MODEM_OUT], UNMETERED, []],
    ])("%s", (_what, interfaces, expected, options) => {
      configure(options);
      expect(hear(interfaces)).toBe(expected);
    });

    test.each(["3g", "atc", "directip", "mbim", "modemmanager", "ncm", "qmi", "quectel", "wwan", "xmm"])(
      "%s is a modem",
      (proto) => expect(hear([line("m", proto)])).toBe(METERED),
    );

    test("it follows from the cable to the modem and back; while neither is there, the last word stands", () => {
      expect(hear([CABLE, MODEM])).toBe(UNMETERED);
      expect(hear([CABLE_OUT, MODEM])).toBe(METERED);
      expect(hear([CABLE_OUT, MODEM_OUT])).toBe(METERED);
      expect(hear([CABLE, MODEM])).toBe(UNMETERED);
      expect(hear(undefined)).toBe(UNMETERED);
    });

    test("a line that mwan3 has found dead is not the one in use", () => {
      const track = (name: string, state: string): string =>
        `mkdir -p /var/run/mwan3track/${name} && echo ${state} >/var/run/mwan3track/${name}/STATUS`;
      expect(hear([CABLE, MODEM], track("wan", "online"))).toBe(UNMETERED);
      expect(hear([CABLE, MODEM], track("wan", "offline"))).toBe(METERED);
      expect(hear([CABLE, MODEM], track("wan", "connecting"))).toBe(METERED);
      // Where all are, that of the least metric will be tried.
      expect(hear([CABLE, MODEM], `${track("wan", "offline")}; ${track("modem", "offline")}`)).toBe(
        UNMETERED,
      );
    });

    test("what the owner says of the line as a whole counts, unless an interface is named", () => {
      const gateway = "config gateway 'gateway'\n\toption wan 'metered'\n";
      configure([], gateway);
      expect(hear([CABLE, MODEM])).toBeUndefined();
      configure([unmetered("wan")], gateway);
      expect(hear([CABLE, MODEM])).toBe(UNMETERED);
      // And no longer: the file that was ours goes.
      configure([], gateway);
      expect(hear([CABLE, MODEM])).toBeUndefined();
      // The YAML file says it as well.
      configure();
      router.root.write("var/run/tram/tram.yaml", "gateway:\n  id: x\n  wan: unmetered\n");
      expect(hear([CABLE, MODEM])).toBeUndefined();
    });

    test("a file that somebody else has written stays where we have nothing to say", () => {
      router.root.write("var/run/tram/wan", METERED);
      expect(hear([CABLE])).toBe(METERED);
    });

    test("the start of the service looks, too: the line may be there already, and the options new", () => {
      router.root.write("record/interfaces", JSON.stringify({ interface: [CABLE_OUT, MODEM] }));
      expect(router.call("/etc/init.d/tram start")).toMatchObject({ status: 0, syslog: [] });
      expect(said()).toBe(METERED);
      expect(router.modeAndOwner("var/run/tram/wan")).toBe("0644 0:0");
      expect(router.modeAndOwner("var/run/tram")).toBe("0750 1883:1883");
      configure([unmetered("modem")]);
      expect(router.call("/etc/init.d/tram reload")).toMatchObject({ status: 0, syslog: [] });
      expect(said()).toBe(UNMETERED);
      expect(router.running).toBeDefined();
    });

    test("a name that none can have does no harm", () => {
      configure([metered("*"), metered("a b; touch /etc/nologin"), metered("$(touch /etc/nologin)")]);
      expect(hear([CABLE])).toBe(UNMETERED);
      expect(existsSync(router.root.file("etc/nologin"))).toBe(false);
    });

    describe("nothing of the gateway's own folder leads root elsewhere", () => {
      beforeEach(() => rmSync(router.root.file("etc/nologin"), { force: true }));

      test.each([
        ["a link to a file", "ln -s /etc/nologin /var/run/tram/wan"],
        ["a link to a folder", "ln -s /etc /var/run/tram/wan"],
      ])("%s", (_what, trap) => {
        expect(hear([MODEM], `mkdir -p /var/run/tram && ${trap}`)).toBe(METERED);
        expect(existsSync(router.root.file("etc/nologin"))).toBe(false);
        expect(lstatSync(router.root.file("var/run/tram/wan")).isFile()).toBe(true);
      });

      test("a folder, and a pipe that nobody writes to: it does not hang", () => {
        mkdirSync(router.root.file("var/run/tram/wan"), { recursive: true });
        expect(hear([MODEM])).toBeUndefined();
        rmSync(router.root.file("var/run/tram/wan"), { recursive: true });
        spawnSync("mkfifo", [router.root.file("var/run/tram/wan")]);
        expect(hear([MODEM])).toBe(METERED);
      });
    });

    test.each([
      "",
      "{",
      '{ "interface": {} }',
      '{ "other": [] }',
      '{ "interface": [ { "interface": "x" } ] }',
    ])("netifd says %j: nothing is written", (text) => {
      router.root.write("record/interfaces", text);
      router.call("( . /etc/hotplug.d/iface/50-tram )");
      expect(said()).toBeUndefined();
    });
  },
);
