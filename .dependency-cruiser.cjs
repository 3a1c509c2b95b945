/** Who may import whom. The picture of it is in CONTRIBUTING.md; `scripts/check-dependencies.ts` runs this. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `^${from}/src/`, pathNot: "\\.test\\.ts$" },
  to: {
    path: "^(protocol|gateway|modules|rules|cloud-bridge|testkit|e2e|bench)/",
    pathNot: `^(${[from, ...allowed].join("|")})/`,
  },
});

module.exports = {
  forbidden: [
    only("protocol-is-a-leaf", "protocol", [], "protocol imports nobody"),
    only("sdk", "modules/sdk", ["protocol"], "module-sdk sees protocol alone"),
    only("core", "gateway/core", ["protocol", "modules/sdk"], "core sees protocol and module-sdk"),
    only("rules", "rules/engine", ["protocol"], "the rule engine sees protocol alone"),
    only("cloud-bridge", "cloud-bridge", ["protocol", "gateway/core"], "the bridge sees core's ports"),
    only("sim", "modules/sim", ["protocol", "modules/sdk"], "a module sees the SDK alone"),
    only(
      "conformance",
      "modules/conformance",
      ["protocol", "modules/sdk", "testkit"],
      "the test kit of modules",
    ),
    only("web", "gateway/web", ["protocol"], "the web UI sees protocol alone"),
    {
      name: "pure-rooms",
      comment: "core, rules and protocol do no input or output",
      severity: "error",
      from: { path: "^(gateway/core|rules/engine|protocol)/src/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "pure-rooms-libraries",
      comment: "core, rules and protocol know no MQTT, no SQLite, no logger, no HTTP",
      severity: "error",
      from: { path: "^(gateway/core|rules/engine|protocol)/src/", pathNot: "\\.test\\.ts$" },
      to: { path: "node_modules/(mqtt|aedes|better-sqlite3|pino|hono|@hono|ws)/" },
    },
    {
      name: "tests-only",
      comment: "testkit and conformance are for tests",
      severity: "error",
      from: {
        path: "^(protocol|gateway|modules|rules|cloud-bridge)/",
        pathNot: "\\.test\\.ts$|^modules/conformance/",
      },
      to: { path: "^(testkit|modules/conformance)/" },
    },
    {
      name: "through-the-door",
      comment: "a package reaches another only through its exports",
      severity: "error",
      from: { path: "^(protocol|gateway/[^/]+|modules/[^/]+|rules/[^/]+|cloud-bridge|testkit)/" },
      to: {
        path: "^(protocol|gateway/[^/]+|modules/[^/]+|rules/[^/]+|cloud-bridge|testkit)/src/(?!index\\.ts$|gateway\\.ts$)",
        pathNot: "^$1/",
      },
    },
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "declared",
      comment: "only what package.json declares",
      severity: "error",
      from: { path: "^(protocol|gateway|modules|rules|cloud-bridge|testkit)/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "unknown", "undetermined"] },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|fixtures)/" },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["source", "import", "node", "default"],
      extensions: [".ts", ".tsx", ".js", ".json"],
    },
  },
};
