import type { ParkedView } from "@tram/protocol";
import { useId, useState } from "react";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { ParkedTable } from "./parked-table.tsx";

interface Props {
  readonly bridge: string;
  readonly count: number;
}

interface Shown {
  readonly list: readonly ParkedView[];
  readonly next: number | undefined;
}

/** Messages that the cloud will not take: looked at when somebody asks, sent again or discarded by an administrator. */
export function ParkedMessages({ bridge, count }: Props) {
  const { t } = useI18n();
  const ask = useApi();
  const headingId = useId();
  const administers = useAppSelector((state) => mayAdminister(state.session));
  const [shown, setShown] = useState<Shown>();
  const [problem, setProblem] = useState<string>();
  const [said, setSaid] = useState("");

  async function look(after: number, before: readonly ParkedView[]): Promise<void> {
    const result = await ask((api) => api.parked(bridge, after));
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    if (result.ok) setShown({ list: [...before, ...result.value.parked], next: result.value.next });
  }

  async function deal(what: "resend" | "discard", seqs: readonly number[] | undefined): Promise<void> {
    if (what === "discard" && !confirm(t("cloud.discardSure", { count: seqs?.length ?? count }))) return;
    const result = await ask((api) => api.dealWithParked(bridge, what, seqs));
    setProblem(result.ok ? undefined : problemText(result.problem, t));
    if (!result.ok) return;
    setSaid(t(what === "resend" ? "cloud.resent" : "cloud.discarded", { count: result.value }));
    await look(0, []);
  }

  return (
    <section className="bridge-parked" aria-labelledby={headingId}>
      <h3 id={headingId}>{t("cloud.parked")}</h3>
      <p className="muted">{t("cloud.parkedLead")}</p>
      <div role="alert">{problem === undefined ? null : <p className="card-problem">{problem}</p>}</div>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <div className="bridge-tools">
        <button
          type="button"
          className="button"
          aria-expanded={shown !== undefined}
          onClick={() => (shown === undefined ? void look(0, []) : setShown(undefined))}
        >
          {shown === undefined ? t("cloud.show", { count }) : t("cloud.hide")}
        </button>
        {administers && shown !== undefined ? (
          <>
            <button type="button" className="button" onClick={() => void deal("resend", undefined)}>
              {t("cloud.resendAll")}
            </button>
            <button type="button" className="button" onClick={() => void deal("discard", undefined)}>
              {t("cloud.discardAll")}
            </button>
          </>
        ) : null}
      </div>
      {shown === undefined ? null : (
        <ParkedTable
          list={shown.list}
          onDeal={administers ? (what, seq) => void deal(what, [seq]) : undefined}
        />
      )}
      {shown?.next === undefined ? null : (
        <button type="button" className="button" onClick={() => void look(shown.next ?? 0, shown.list)}>
          {t("cloud.more")}
        </button>
      )}
    </section>
  );
}
