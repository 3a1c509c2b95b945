/*
 * For LuCI's JavaScript alone: classic scripts that LuCI's loader evaluates as functions (a `return` at the top, names
 * from `'require …'` lines), which Biome does not read. Everything else is Biome's.
 */

const BROWSER = ["window", "document", "navigator", "fetch", "AbortController"];
/** What LuCI's loader hands in or has put on the window. */
const LUCI = ["L", "E", "_", "N_"];
/** Names of modules: a file declares those that it requires, and `no-undef` cannot see that. `luci/required` does. */
const MODULES = ["baseclass", "dom", "form", "fs", "poll", "rpc", "uci", "ui", "view"];
const OWN = [
  "control",
  "gateway",
  "moment",
  "page",
  "ruleEditor",
  "service",
  "textDialog",
  "thingCard",
  "trace",
  "value",
  "words",
];

/** A module is used where, and only where, the file requires it. */
const required = {
  meta: { type: "problem" },
  create(context) {
    const names = new Set([...MODULES, ...OWN]);
    const declared = new Map();
    const used = new Set();
    return {
      "Program > ExpressionStatement[directive=/^require /]"(node) {
        const [, path, alias] = /^require ([\w.-]+)(?: as (\w+))?$/.exec(node.directive) ?? [];
        declared.set(alias ?? path, node);
      },
      "Program:exit"(program) {
        for (const { identifier } of context.sourceCode.getScope(program).through) used.add(identifier.name);
        for (const scope of context.sourceCode.scopeManager.scopes) {
          for (const { identifier, resolved } of scope.references) {
            if (resolved === null || resolved.defs.length === 0) used.add(identifier.name);
          }
        }
        for (const name of used) {
          if (names.has(name) && !declared.has(name))
            context.report({ node: program, message: `${name} is used and not required` });
        }
        for (const [name, node] of declared) {
          if (!used.has(name)) context.report({ node, message: `${name} is required and not used` });
        }
      },
    };
  },
};

const bareText = (name) => `CallExpression[callee.name="E"][arguments.length=${name}]`;

export default [
  {
    files: ["packages-openwrt/luci-app-tram/htdocs/**/*.js"],
    plugins: { luci: { rules: { required } } },
    languageOptions: {
      ecmaVersion: 2020,
      sourceType: "script",
      parserOptions: { ecmaFeatures: { globalReturn: true } },
      globals: Object.fromEntries(
        [...BROWSER, ...LUCI, ...MODULES, ...OWN].map((name) => [name, "readonly"]),
      ),
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-this": "error",
      "default-case": "error",
      "no-const-assign": "error",
      "no-constant-condition": "error",
      "no-dupe-args": "error",
      "no-dupe-keys": "error",
      "no-duplicate-case": "error",
      "no-eval": "error",
      "no-fallthrough": "error",
      "no-implicit-globals": "off",
      "no-implied-eval": "error",
      "no-irregular-whitespace": "error",
      "no-new-func": "error",
      "no-redeclare": ["error", { builtinGlobals: false }],
      "no-self-assign": "error",
      "no-shadow": "error",
      "no-undef": "error",
      "no-unreachable": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
      "no-useless-escape": "error",
      "no-var": "error",
      "prefer-const": "error",
      "luci/required": "error",
      strict: ["error", "global"],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text of devices and rules must not become HTML." },
        { property: "outerHTML", message: "Text of devices and rules must not become HTML." },
      ],
      "no-restricted-syntax": [
        "error",
        // LuCI takes a bare string for HTML; in an array it is text.
        {
          selector: `${bareText(3)}:not([arguments.2.type="ArrayExpression"]):not([arguments.2.type="Identifier"]):not([arguments.2.type="ConditionalExpression"]):not([arguments.2.callee.property.name="map"])`,
          message: "Children belong into an array: LuCI takes a bare string for HTML.",
        },
        {
          selector: `${bareText(2)}:not([arguments.1.type="ObjectExpression"]):not([arguments.1.type="Identifier"])`,
          message: "Children belong into an array: LuCI takes a bare string for HTML.",
        },
        {
          selector:
            'CallExpression[callee.object.name="dom"][callee.property.name=/^(?:content|append)$/]:not([arguments.1.type="ArrayExpression"]):not([arguments.1.type="ConditionalExpression"]):not([arguments.1.type="Identifier"])',
          message: "Children belong into an array: LuCI takes a bare string for HTML.",
        },
        {
          selector:
            'CallExpression[callee.object.name="ui"][callee.property.name=/^(?:showModal|addNotification)$/]:not([arguments.0.raw="null"])',
          message: "LuCI takes the title for HTML: give none, and a heading of your own.",
        },
      ],
    },
  },
];
