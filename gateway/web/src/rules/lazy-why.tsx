import { lazy, Suspense } from "react";

const Panel = lazy(async () => ({ default: (await import("./why-panel.tsx")).WhyPanel }));

/** Fetched when somebody asks. */
export function LazyWhy({ rule }: { readonly rule: string }) {
  return (
    <Suspense>
      <Panel rule={rule} />
    </Suspense>
  );
}
