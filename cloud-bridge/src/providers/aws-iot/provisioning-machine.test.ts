import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FIRST_STATE,
  type ProvisioningEvent,
  type ProvisioningTask,
  stepProvisioning,
} from "./provisioning-machine.ts";

const created: ProvisioningEvent = {
  kind: "created",
  certificate: "PEM",
  certificateId: "c1",
  token: "t1",
  ours: true,
};
const registered: ProvisioningEvent = { kind: "registered", thing: "farm" };

function run(events: readonly ProvisioningEvent[]) {
  const tasks: ProvisioningTask[] = [];
  let state = FIRST_STATE;
  for (const event of events) {
    const step = stepProvisioning(state, event);
    state = step.state;
    if (step.task !== undefined) tasks.push(step.task);
  }
  return { state, tasks };
}

describe("provisioning by claim", () => {
  it("subscribes, asks for a certificate, registers, tries it, and is done", () => {
    const { state, tasks } = run([{ kind: "subscribed" }, created, registered, { kind: "verified" }]);
    const enrolled = { thing: "farm", certificate: "PEM", certificateId: "c1" };
    expect(state).toEqual({ stage: "done", ...enrolled });
    expect(tasks).toEqual([{ do: "create" }, { do: "register", token: "t1" }, { do: "verify", enrolled }]);
  });

  it("says what AWS has refused, with the code", () => {
    const rejected = { kind: "rejected", code: "AccessDenied", said: "ACCESS_DENIED" } as const;
    expect(run([{ kind: "subscribed" }, created, rejected]).state).toMatchObject({
      stage: "failed",
      reason: expect.stringMatching(/register.*hook.*AccessDenied/),
    });
    expect(run([{ kind: "subscribed" }, { ...rejected, code: "Odd", said: "well" }]).state).toMatchObject({
      reason: expect.stringMatching(/a certificate: well \(Odd: well\)/),
    });
  });

  it.each([
    ["a certificate for another key", { ...created, ours: false }],
    ["no certificate", { ...created, certificate: undefined }],
    ["no token", { ...created, token: 5 }],
  ])("takes no %s", (_name, event) => {
    expect(run([{ kind: "subscribed" }, event]).state.stage).toBe("failed");
  });

  it.each([undefined, "a--b", "x".repeat(65), "a b", "a-", ""])(
    "takes no Thing that is called %s",
    (thing) => {
      expect(run([{ kind: "subscribed" }, created, { kind: "registered", thing }]).state.stage).toBe(
        "failed",
      );
    },
  );

  it("is never done without each step in its order, whatever is heard and however often", () => {
    const event = fc.constantFrom<ProvisioningEvent>(
      { kind: "subscribed" },
      created,
      registered,
      { kind: "verified" },
      { kind: "rejected", code: "X", said: "x" },
      { kind: "broke", code: "timeout", reason: "late" },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        const { state, tasks } = run(events);
        const order = tasks.map((task) => task?.do);
        expect(["create", "register", "verify"].slice(0, order.length)).toEqual(order);
        if (state.stage !== "done") return;
        expect(order).toEqual(["create", "register", "verify"]);
        let at = -1;
        for (const kind of ["subscribed", "created", "registered", "verified"]) {
          at = events.findIndex((heard, index) => index > at && heard.kind === kind);
          expect(at).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
