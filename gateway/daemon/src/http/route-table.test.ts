import { describe, expect, it } from "vitest";
import type { Route } from "./route.ts";
import { RouteTable } from "./route-table.ts";

const route = (method: Route["method"], path: string): Route => ({
  method,
  path,
  operationId: path,
  summary: "",
  tag: "",
  scope: "open",
  answer: { status: 204, description: "" },
  handle: () => ({ status: 204 }),
});
const table = new RouteTable([
  route("get", "/rules/{id}"),
  route("post", "/rules/check"),
  route("get", "/rules/list"),
  route("get", "/things/{id}/properties/{node}/{name}"),
]);

describe("the route of a request", () => {
  it("is found by method and path, a literal before a parameter", () => {
    expect(table.find("GET", "/rules/list")).toMatchObject({ route: { path: "/rules/list" } });
    expect(table.find("GET", "/rules/check")).toMatchObject({ params: { id: "check" } });
    expect(table.find("GET", "/things/a%2Fb/properties/n/x%20y")).toMatchObject({
      params: { id: "a/b", node: "n", name: "x y" },
    });
  });

  it("is not found where there is none, and not guessed", () => {
    for (const path of ["/rules", "/rules/", "/rules/a/b", "/Rules/a", "//rules/a"]) {
      expect(table.find("GET", path), path).toBeUndefined();
    }
    expect(table.find("DELETE", "/rules/a")).toBeUndefined();
    expect(table.find("GET", "/rules/%E0%A4%A")).toBe("malformed");
    expect(table.find("GET", "/rules/__proto__")).toMatchObject({ params: { id: "__proto__" } });
  });
});
