import { expect, it } from "vitest";
import { readValue } from "./value-field.tsx";

it("reads what was typed as the property means it", () => {
  expect(readValue("21.5", { type: "number" }, false)).toBe(21.5);
  expect(readValue("2.", { type: "number" }, false)).toBe("2.");
  expect(readValue("21.5", { type: "string" }, false)).toBe("21.5");
  expect(readValue("true", undefined, false)).toBe(true);
  expect(readValue("-4", undefined, false)).toBe(-4);
  expect(readValue("home", undefined, false)).toBe("home");
  expect(readValue(" ", { type: "number" }, true)).toBeUndefined();
  expect(readValue("1e400", { type: "number" }, false)).toBe("1e400");
});
