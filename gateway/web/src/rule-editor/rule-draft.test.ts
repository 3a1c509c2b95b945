import type { RuleSourceView } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import type { ApiClient, ApiProblem, ApiResult } from "../api/client.ts";
import { RuleDraft, UNREAD } from "./rule-draft.ts";

/** A gateway that keeps one rule as JSON text with a comment, and answers when the test says so. */
class FakeGateway {
  kept: { text: string; revision: number } | undefined = { text: source({ id: "a" }), revision: 1 };
  readonly calls: string[] = [];
  /** What the next calls of a kind come to instead. */
  readonly failures = new Map<string, ApiProblem[]>();
  /** Runs before the answer to the next call of a kind is given. */
  readonly before = new Map<string, () => void>();
  readonly timers: (() => void)[] = [];

  readonly api = {
    ruleSource: async () => this.#answer("source", () => this.view()),
    renderRule: async (text: string, document: unknown) =>
      this.#answer("render", () => source(document, /^# .*/.exec(text)?.[0])),
    checkRule: async (text: string) =>
      this.#answer("check", () => {
        const document = read(text);
        const problems = document === undefined ? [{ path: "", problem: "not YAML", line: 1 }] : [];
        return { problems, warnings: [], ...(document === undefined ? {} : { document }) };
      }),
    changeRule: async (_id: string, { text, revision }: { text: string; revision?: string }) =>
      this.#answer("change", () => {
        if (this.kept === undefined) throw problem(404, "unknown-rule");
        if (revision !== undefined && revision !== String(this.kept.revision)) throw problem(409, "changed");
        this.kept = { text, revision: this.kept.revision + 1 };
        return this.view();
      }),
    addRule: async (text: string) =>
      this.#answer("add", () => {
        this.kept = { text, revision: 1 };
        return this.view();
      }),
  } as unknown as ApiClient;

  draft(id: string | undefined): RuleDraft {
    return new RuleDraft(id, {
      ask: (call) => call(this.api),
      later: (_delay, run) => {
        this.timers.push(run);
        return () => void this.timers.splice(this.timers.indexOf(run), 1);
      },
    });
  }

  view(): RuleSourceView {
    if (this.kept === undefined) throw problem(404, "unknown-rule");
    const { text, revision } = this.kept;
    const document = read(text);
    return {
      id: "a",
      file: "a.yaml",
      text,
      revision: String(revision),
      document,
      problems: [],
      warnings: [],
    };
  }

  async #answer<Value>(kind: string, make: () => Value): Promise<ApiResult<Value>> {
    this.calls.push(kind);
    const failure = this.failures.get(kind)?.shift();
    const hook = this.before.get(kind);
    this.before.delete(kind);
    hook?.();
    if (failure !== undefined) return { ok: false, problem: failure };
    try {
      return { ok: true, value: make() };
    } catch (error) {
      return { ok: false, problem: error as ApiProblem };
    }
  }
}

const problem = (status: number, code: string): ApiProblem => ({ status, code, errors: [] });
const NETWORK = problem(0, "network");

function source(document: unknown, comment = "# mine"): string {
  return `${comment}\n${JSON.stringify(document)}`;
}

function read(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text.replace(/^#.*\n/, ""));
  } catch {
    return undefined;
  }
}

async function opened(): Promise<{ gateway: FakeGateway; draft: RuleDraft }> {
  const gateway = new FakeGateway();
  const draft = gateway.draft("a");
  await draft.load();
  gateway.calls.length = 0;
  return { gateway, draft };
}

describe("a rule being edited", () => {
  it("is loaded, and is not unsaved then; what cannot be loaded says why", async () => {
    const { draft } = await opened();
    expect(draft.state).toMatchObject({ phase: "open", document: { id: "a" }, unsaved: false, view: "form" });
    const gateway = new FakeGateway();
    gateway.kept = undefined;
    const missing = gateway.draft("a");
    await missing.load();
    expect(missing.state).toMatchObject({ phase: "failed", failure: { status: 404 } });
  });

  it("asks the gateway once people pause; form and text say the same then, comments included", async () => {
    const { draft, gateway } = await opened();
    draft.changeDocument({ id: "a", title: "A" });
    draft.changeDocument({ id: "a", title: "AB" });
    expect(draft.state).toMatchObject({ unsaved: true });
    expect(gateway.calls).toEqual([]);
    expect(gateway.timers).toHaveLength(1);
    gateway.timers[0]?.();
    await expect.poll(() => draft.state.text).toBe('# mine\n{"id":"a","title":"AB"}');
    expect(gateway.calls).toEqual(["render", "check"]);
  });

  it("is saved again when everything was taken back", async () => {
    const { draft } = await opened();
    draft.changeDocument({ id: "a", title: "A" });
    await draft.settle();
    expect(draft.state.unsaved).toBe(true);
    draft.changeDocument({ id: "a" });
    await draft.settle();
    expect(draft.state.unsaved).toBe(false);
    // By hand too.
    const { text } = draft.state;
    draft.changeText(`${text} `);
    await draft.settle();
    expect(draft.state.unsaved).toBe(true);
    draft.changeText(text);
    await draft.settle();
    expect(draft.state.unsaved).toBe(false);
  });

  it("shows the other side only when it says what was just typed on this one", async () => {
    const { draft } = await opened();
    draft.changeDocument({ id: "a", title: "typed" });
    expect(await draft.show("text")).toBe(true);
    expect(draft.state.text).toContain("typed");
    draft.changeText('# yours\n{"id":"a","title":"by hand"}');
    expect(await draft.show("form")).toBe(true);
    expect(draft.state.document).toEqual({ id: "a", title: "by hand" });
    // And the form goes on from there, with the new comment.
    draft.changeDocument({ id: "a", title: "by hand", max: 2 });
    await draft.settle();
    expect(draft.state.text).toBe('# yours\n{"id":"a","title":"by hand","max":2}');
  });

  it("stays where it is when the gateway does not answer, and loses neither side nor a comment", async () => {
    const { draft, gateway } = await opened();
    gateway.failures.set("render", [NETWORK]);
    draft.changeDocument({ id: "a", title: "typed" });
    expect(await draft.show("text")).toBe(false);
    expect(draft.state).toMatchObject({
      view: "form",
      trouble: { code: "network" },
      document: { title: "typed" },
    });
    expect(draft.state.text).toBe('# mine\n{"id":"a"}');
    expect(gateway.calls).toEqual(["render"]);
    expect(await draft.show("text")).toBe(true);
    expect(draft.state).toMatchObject({ text: '# mine\n{"id":"a","title":"typed"}', trouble: undefined });
  });

  it("does not let an answer overwrite what was typed since", async () => {
    const { draft, gateway } = await opened();
    gateway.before.set("render", () => draft.changeDocument({ id: "a", title: "second" }));
    draft.changeDocument({ id: "a", title: "first" });
    await draft.settle();
    expect(draft.state.document).toEqual({ id: "a", title: "second" });
    expect(draft.state.text).toContain("second");
    gateway.before.set("check", () => draft.changeText("# x\n{"));
    draft.changeText('# x\n{"id":"b"}');
    await draft.settle();
    expect(draft.state).toMatchObject({ text: "# x\n{", document: undefined, problems: [{ line: 1 }] });
  });

  it("does not show the form of a text that is no rule", async () => {
    const { draft } = await opened();
    await draft.show("text");
    draft.changeText("{");
    expect(await draft.show("form")).toBe(false);
    expect(draft.state).toMatchObject({ view: "text", document: undefined });
  });

  it("shows the skeleton of a new rule, which is nothing to save yet", async () => {
    const gateway = new FakeGateway();
    const draft = gateway.draft(undefined);
    await draft.show("text");
    expect(draft.state).toMatchObject({ unsaved: false });
    expect(draft.state.text).toContain('"id":""');
    draft.changeDocument({ id: "a" });
    expect(draft.state.unsaved).toBe(true);
  });
});

describe("fields of YAML", () => {
  it("are read before anything is shown or saved; two at once do not lose each other", async () => {
    const { draft, gateway } = await opened();
    const put = (path: string, value: unknown) => async () => {
      await Promise.resolve();
      draft.changeAt(path, value);
      return undefined;
    };
    draft.expect({}, put("one", 1));
    draft.expect({}, put("two", 2));
    expect(draft.state.unsaved).toBe(true);
    await draft.save();
    expect(read(gateway.kept?.text ?? "")).toEqual({ id: "a", one: 1, two: 2 });
  });

  it("that cannot be read keep the rule from being saved, until they can or are gone", async () => {
    const { draft, gateway } = await opened();
    const field = {};
    draft.expect(field, async () => UNREAD);
    expect(await draft.save()).toBeUndefined();
    expect(draft.state.refusal).toEqual({ kind: "unread" });
    expect(await draft.show("text")).toBe(false);
    expect(gateway.calls).toEqual([]);
    draft.forget(field);
    expect(await draft.save()).toBeDefined();
  });

  it("typed on while they are read are read once more", async () => {
    const { draft } = await opened();
    const field = {};
    draft.expect(field, async () => {
      draft.expect(field, async () => {
        draft.changeAt("x", "second");
        return undefined;
      });
      return undefined;
    });
    await draft.settle();
    expect(draft.state.document).toEqual({ id: "a", x: "second" });
  });
});

describe("saving", () => {
  it("sends what the form says now, also right after the last key", async () => {
    const { draft, gateway } = await opened();
    draft.changeDocument({ id: "a", title: "last key" });
    expect(await draft.save()).toMatchObject({ id: "a" });
    expect(gateway.kept?.text).toContain("last key");
    expect(draft.state).toMatchObject({ saved: true, unsaved: false, saving: false });
  });

  it("keeps what is typed meanwhile, unsaved", async () => {
    const { draft, gateway } = await opened();
    draft.changeDocument({ id: "a", title: "one" });
    gateway.before.set("change", () => draft.changeDocument({ id: "a", title: "two" }));
    await draft.save();
    expect(draft.state).toMatchObject({ document: { title: "two" }, unsaved: true, saved: false });
    await draft.save();
    expect(gateway.kept?.text).toContain("two");
  });

  it("is not stopped by a change to another rule of the same file", async () => {
    const { draft, gateway } = await opened();
    if (gateway.kept !== undefined) gateway.kept.revision = 7;
    draft.changeDocument({ id: "a", title: "mine" });
    expect(await draft.save()).toBeDefined();
    expect(gateway.kept?.text).toContain("mine");
  });

  it("knows its own work again when only the answer was lost", async () => {
    const { draft, gateway } = await opened();
    draft.changeDocument({ id: "a", title: "mine" });
    gateway.kept = { text: source({ id: "a", title: "mine" }), revision: 2 };
    expect(await draft.save()).toBeDefined();
    expect(draft.state).toMatchObject({ saved: true, refusal: undefined });
  });

  it("never overwrites somebody else's change unasked", async () => {
    const { draft, gateway } = await opened();
    gateway.kept = { text: source({ id: "a", title: "theirs" }), revision: 2 };
    draft.changeDocument({ id: "a", title: "mine" });
    expect(await draft.save()).toBeUndefined();
    const { refusal } = draft.state;
    expect(refusal).toMatchObject({ kind: "changed", theirs: { document: { title: "theirs" } } });
    expect(gateway.kept.text).toContain("theirs");
    expect(draft.state).toMatchObject({ document: { title: "mine" }, unsaved: true });

    // A third change between seeing theirs and replacing it is not trampled either.
    if (refusal?.kind !== "changed") throw new Error("expected a conflict");
    gateway.kept = { text: source({ id: "a", title: "third" }), revision: 3 };
    expect(await draft.save(refusal.theirs)).toBeUndefined();
    expect(draft.state.refusal).toMatchObject({ kind: "changed", theirs: { document: { title: "third" } } });
    const again = draft.state.refusal;
    if (again?.kind !== "changed") throw new Error("expected a conflict");
    expect(await draft.save(again.theirs)).toBeDefined();
    expect(gateway.kept?.text).toContain("mine");
  });

  it("goes on from theirs when that is wanted", async () => {
    const { draft, gateway } = await opened();
    gateway.kept = { text: source({ id: "a", title: "theirs" }), revision: 2 };
    draft.changeDocument({ id: "a", title: "mine" });
    await draft.save();
    if (draft.state.refusal?.kind === "changed") draft.take(draft.state.refusal.theirs);
    expect(draft.state).toMatchObject({ document: { title: "theirs" }, unsaved: false, refusal: undefined });
  });

  it("tells that the rule was deleted, and can add it again", async () => {
    const { draft, gateway } = await opened();
    gateway.kept = undefined;
    draft.changeDocument({ id: "a", title: "mine" });
    await draft.save();
    expect(draft.state.refusal).toEqual({ kind: "gone" });
    expect(await draft.save("new")).toBeDefined();
    expect(gateway.calls).toContain("add");
  });

  it("tells a refusal with its places, and a gateway that does not answer", async () => {
    const { draft, gateway } = await opened();
    draft.changeDocument({ id: "a", title: "x" });
    const errors = [{ path: "title", problem: "too long" }];
    gateway.failures.set("change", [{ status: 422, code: "invalid-rule", errors }]);
    await draft.save();
    expect(draft.state).toMatchObject({ problems: errors, refusal: { kind: "problem" }, unsaved: true });
    gateway.failures.set("render", [NETWORK]);
    draft.changeDocument({ id: "a", title: "y" });
    await draft.save();
    expect(draft.state.refusal).toMatchObject({ problem: { code: "network" } });
    expect(gateway.calls.filter((call) => call === "change")).toHaveLength(1);
  });
});
