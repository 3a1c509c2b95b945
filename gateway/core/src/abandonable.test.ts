import { expect, test } from "vitest";
import { abandonable } from "./abandonable.ts";

const gone = new Error("gone");

test("hands on what the promise becomes", async () => {
  const { signal } = new AbortController();
  await expect(abandonable(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(abandonable(Promise.reject(gone), signal)).rejects.toBe(gone);
});

test("gives up when the signal aborts, and hands what comes late to the one who asked for it", async () => {
  const stop = new AbortController();
  const work = Promise.withResolvers<string>();
  const late: string[] = [];
  const waiting = abandonable(work.promise, stop.signal, (value) => late.push(value));
  stop.abort(gone);
  await expect(waiting).rejects.toBe(gone);
  work.resolve("here at last");
  await work.promise;
  expect(late).toEqual(["here at last"]);
});

test("gives up at once when the signal has aborted before", async () => {
  const late: number[] = [];
  await expect(abandonable(Promise.resolve(1), AbortSignal.abort(gone), (it) => late.push(it))).rejects.toBe(
    gone,
  );
  expect(late).toEqual([1]);
});

test("a late failure is nobody's any more", async () => {
  const stop = new AbortController();
  const work = Promise.withResolvers<void>();
  const waiting = abandonable(work.promise, stop.signal);
  stop.abort(gone);
  await expect(waiting).rejects.toBe(gone);
  work.reject(new Error("too late")); // Unhandled, it would fail this run.
});

test("a value is handed out or is late, never both, however close the abort is", async () => {
  for (let turns = 0; turns < 8; turns++) {
    const stop = new AbortController();
    const work = Promise.withResolvers<number>();
    const late: number[] = [];
    const out: number[] = [];
    const waiting = abandonable(work.promise, stop.signal, (it) => late.push(it)).then(
      (it) => out.push(it),
      () => undefined,
    );
    work.resolve(turns);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    stop.abort(gone);
    await waiting;
    await work.promise;
    expect([...out, ...late]).toEqual([turns]);
  }
});
