import { lazy, Suspense } from "react";

const Card = lazy(async () => ({ default: (await import("./backup-card.tsx")).BackupCard }));

/** Loaded with the page that shows it: few look there, and only administrators see it. */
export function LazyBackup() {
  return (
    <Suspense fallback={null}>
      <Card />
    </Suspense>
  );
}
