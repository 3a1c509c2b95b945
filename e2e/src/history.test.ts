import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FlashView, HistoryView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { describeHouse, report, status } from "./disk-house.ts";
import { call, setUp } from "./http.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const EXTRA = "history: { window_seconds: 5 }";

async function history(data: string, ...args: string[]): Promise<HistoryView> {
  const answer = await tram(["history", "sensor", "temperature", "--json", "--from", "-1h", ...args], {
    TRAM_DATA: data,
  });
  expect(answer.stderr).toBe("");
  return JSON.parse(answer.stdout) as HistoryView;
}

async function flash(data: string): Promise<FlashView> {
  return JSON.parse((await tram(["flash", "--json"], { TRAM_DATA: data })).stdout) as FlashView;
}

/** The window that runs has ended: nothing waits in memory. */
async function windowEnded(data: string): Promise<void> {
  while ((await flash(data)).history?.waiting !== 0);
}

describe("the history", () => {
  test("what was written survives kill -9, what may be lost is said, and it leaves as CSV and JSON lines", async () => {
    using folder = temporaryFolder("history");
    const { config, data } = house(folder.path, { extra: EXTRA });
    const first = await startGateway(config);
    await using _first = first.process;
    await describeHouse(first.mqttPort);
    for (const value of ["20.5", "21", "99.5"]) await report(first.mqttPort, value, 1);
    expect((await history(data)).points.map(({ value }) => value)).toEqual([20.5, 21, 99.5]);
    await windowEnded(data);
    const written = await flash(data);
    expect(written.sinceStart.history).toBeGreaterThan(4_095);
    expect(written.sinceStart.state).toBeGreaterThan(4_095);
    expect(written).toMatchObject({ verdict: "ok", history: { kept: true, windowMs: 5_000 } });
    await first.process.end("SIGKILL");

    const second = await startGateway(config);
    await using _second = second.process;
    await report(second.mqttPort, "22", 1);
    const view = await history(data);
    expect(view.points.map(({ value }) => value).slice(0, 3)).toEqual([20.5, 21, 99.5]);
    expect(view).toMatchObject({ tier: "raw", thinned: false, damaged: 0 });
    await windowEnded(data);
    const gap = (await history(data)).gaps.find(({ reason }) => reason === "cut");
    expect(gap).toMatchObject({ lostMs: 5_000 });

    const csv = await tram(["history", "sensor", "temperature", "--csv", "--from", "-1h"], {
      TRAM_DATA: data,
    });
    expect(csv.stdout.split("\r\n").slice(0, 2)).toEqual(["time,value,gap", `${view.points[0]?.time},20.5,`]);
    const out = join(folder.path, "out.jsonl");
    await tram(["history", "sensor", "temperature", "--jsonl", "--out", out], { TRAM_DATA: data });
    const rows = readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { value?: number });
    expect(rows.map(({ value }) => value)).toContain(99.5);
    const minutes = await history(data, "--tier", "1m");
    expect(Math.max(...minutes.points.map(({ max = 0 }) => max))).toBe(99.5);
    const people = await tram(["history", "sensor", "temperature", "--from", "-1h"], { TRAM_DATA: data });
    expect(people.stdout).toMatch(/the gateway ended without a word, up to 5 s before it lost too/);
  });

  test("what is asked wrongly is told so, with its name", async () => {
    using folder = temporaryFolder("history");
    const { config } = house(folder.path, { extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeHouse(gateway.mqttPort);
    const admin = await setUp(gateway);
    const ask = async (query: string) => {
      const { body, status: code } = await call(gateway, "GET", `/api/v1/history?${query}`, admin);
      return [code, (body as { detail?: string }).detail];
    };
    const good = "thing=sensor&property=air/temperature";
    expect(await ask("")).toEqual([400, "thing: expected the id of a Thing, found nothing"]);
    expect(await ask("thing=sensor")).toEqual([400, "property: expected `node/name`, found nothing"]);
    expect(await ask("thing=sensor&property=nope")).toEqual([404, "Nothing is known of sensor/nope."]);
    expect(await ask(`${good}&from=yesterday`)).toEqual([
      400,
      "from: expected ISO 8601, now or -24h, found yesterday",
    ]);
    expect(await ask(`${good}&from=now&to=-1h`)).toEqual([400, "from: expected a time before `to`"]);
    expect(await ask(`${good}&points=2`)).toEqual([400, "points: expected 3 to 10000, found 2"]);
    expect(await ask(`${good}&tier=1y`)).toEqual([400, "tier: expected raw, 1m, 15m, 1d, found 1y"]);
    expect(await ask(`${good}&format=xml`)).toEqual([400, "format: expected json, csv or jsonl, found xml"]);
    expect((await ask(good))[0]).toBe(200);
    // As many as like may break off: none of them takes a place for good.
    for (let count = 0; count < 8; count++) {
      const reply = await fetch(`http://127.0.0.1:${gateway.httpPort}/api/v1/history?${good}&format=csv`, {
        method: count % 2 === 0 ? "HEAD" : "GET",
        headers: admin.headers as Record<string, string>,
      });
      expect(reply.headers.get("content-type")).toBe("text/csv; charset=utf-8");
      await reply.body?.cancel();
    }
    expect((await ask(good))[0]).toBe(200);
    const metrics = await fetch(`http://127.0.0.1:${gateway.httpPort}/metrics`, {
      headers: admin.headers as Record<string, string>,
    });
    expect(await metrics.text()).toMatch(/tram_flash_written_bytes_total\{feature="state"\} \d+\n/);
  });

  test("a history that is damaged is moved aside, loudly, and stops nothing", async () => {
    using folder = temporaryFolder("history");
    const { config, data } = house(folder.path, { extra: EXTRA });
    const first = await startGateway(config);
    await using _first = first.process;
    await describeHouse(first.mqttPort);
    await first.process.end();
    writeFileSync(join(data, "history.db"), "no database ".repeat(1_000));
    const second = await startGateway(config);
    await using _second = second.process;
    await report(second.mqttPort, "23", 1);
    const { code, report: told } = await status(data);
    expect(code).toBe(1);
    expect(told.gateway.problems).toMatchObject([{ code: "history" }]);
    expect(told.gateway.store).toBe("ok");
    expect(readdirSync(data)).toContain("history.db.corrupt-1");
    expect((await history(data)).points.map(({ value }) => value)).toContain(23);
  });
});
