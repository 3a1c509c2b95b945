import fc from "fast-check";
import { expect, test } from "vitest";
import { redactUci, redactYaml } from "./config-parts.ts";
import { Redactor } from "./redactor.ts";

const redactor = new Redactor(["known-secret"]);

test("rules keep their form and lose their secrets, those in comments too", () => {
  const text = redactYaml(
    `# known-secret, and hunter2
- id: heat
  triggers: [{ id: hot, numeric: { property: lamp/relay/on, above: 30 } }]
  actions:
    - http: { url: "https://user:hunter2@example.com/x?a=1", headers: { X-Auth: hunter2 }, body: "the known-secret" }
    - { http: "https://api.example.org/bothunter2/send", method: POST }
    - { notify: "look at https://example.net/x?key=hunter2&b=1" }
    - { wait_for: [{ webhook: hunter2-hunter2 }] }
    - { set: pump/relay/on, value: true, password: hunter2 }
    - text: |
        token: hunter2
`,
    redactor,
  );
  expect(text).not.toMatch(/hunter2|known-secret/);
  expect(text).toMatch(/property: lamp\/relay\/on/);
  expect(text).toMatch(/set: pump\/relay\/on/);
  expect(text).toMatch(/example\.com/);
  expect(text).toMatch(/api\.example\.org/);
});

test.each(["a: [", "just hunter2", "", "- &a [*a, *a]\n- : : :", "\u0000"])(
  "what is no sound YAML is left out: %j",
  (text) => {
    expect(redactYaml(text, redactor)).not.toContain("hunter2");
  },
);

test("UCI keeps its form and loses its secrets, those in JSON too", () => {
  const text = redactUci(
    Buffer.from(`config account 'kitchen'
	option role 'device'
	option password 'hunter2'
	# hunter2
config module 'm'
	option use 'sim'
	option config '{ "speed": 60, "psk": "hunter2", "list": ["known-secret"] }'
config cloud 'up'
	option url 'mqtt://me:hunter2@broker.example'
	list things 'pump'
	option note 'it'\\''s known-secret'
config gateway 'gateway'
	option latitude '10.77'
`),
    redactor,
  );
  expect(text).not.toMatch(/hunter2|known-secret|10\.77/);
  expect(text).toMatch(/option role 'device'/);
  expect(text).toMatch(/"speed":60/);
  expect(text).toMatch(/broker\.example/);
  expect(text).toMatch(/list things 'pump'/);
});

test("whatever the bytes are, there is a text, without what is known", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (noise) => {
      for (const text of [
        noise,
        `${noise}\nx: known-secret\n`,
        `config x\n\toption y '${noise} known-secret'`,
      ]) {
        expect(redactYaml(text, redactor)).not.toContain("known-secret");
        expect(redactUci(Buffer.from(text), redactor)).not.toContain("known-secret");
      }
    }),
    { numRuns: 60 },
  );
});
