import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { house, startGateway, tram } from "./processes.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ROOT = new URL("../..", import.meta.url).pathname;
const SCHEMAS = ["rules.schema.json", "rule-tests.schema.json"];
const committed = (name: string): unknown =>
  JSON.parse(readFileSync(join(ROOT, "docs/reference", name), "utf8"));

test("`tram rules test` passes all examples, and no gateway is there", async () => {
  const { code, stdout } = await tram(["rules", "test", join(ROOT, "examples/rules"), "--json"]);
  const { broken, failed, passed } = JSON.parse(stdout) as Record<string, number>;
  expect({ broken, code, failed }).toEqual({ broken: 0, code: 0, failed: 0 });
  expect(passed).toBeGreaterThan(100);
});

test("the schemas for editors come from the CLI and from a gateway, without a token", async () => {
  for (const [index, name] of SCHEMAS.entries()) {
    const { code, stdout } = await tram(["rules", "schema", ...(index === 0 ? [] : ["--tests"])]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(committed(name));
  }
  const { config } = house(folder);
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  for (const name of SCHEMAS) {
    const response = await fetch(new URL(`/${name}`, gateway.web));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/schema+json");
    expect(await response.json()).toEqual(committed(name));
  }
  expect((await fetch(new URL("/toString", gateway.web))).headers.get("content-type")).not.toContain(
    "schema",
  );
});
