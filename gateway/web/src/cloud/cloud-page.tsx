import type { CloudAdded } from "@tram/protocol";
import { useState } from "react";
import { mayAdminister } from "../account/session-slice.ts";
import { problemText } from "../api/problem-text.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { Page } from "../shell/page.tsx";
import { useAppSelector } from "../store/hooks.ts";
import { AddCloudForm } from "./add-cloud-form.tsx";
import { BridgeCard } from "./bridge-card.tsx";
import { CheckReport } from "./check-report.tsx";
import { LoneCloudCard } from "./lone-cloud-card.tsx";
import { useClouds } from "./use-clouds.ts";
import "./cloud-texts.ts";
import "./cloud.css";

/** What was done last, and how it was checked. */
interface Done {
  readonly said: string;
  readonly added?: CloudAdded;
}

/**
 * The bridges to clouds, each with its line, its queue, its bytes, and what its cloud will not take. Administrators bring
 * the gateway into clouds here, and out of them.
 */
export function CloudPage() {
  const { t } = useI18n();
  const bridges = useAppSelector((state) => state.system.bridges);
  const administers = useAppSelector((state) => mayAdminister(state.session));
  const list = Object.values(bridges);
  const [{ clouds, failure }, look] = useClouds(administers, Object.keys(bridges).join(" "));
  const [adding, setAdding] = useState(false);
  const [done, setDone] = useState<Done>({ said: "" });

  /** The focus must not go with what had it. */
  function finish(next: Done): void {
    setAdding(false);
    setDone(next);
    document.querySelector<HTMLElement>("main h1")?.focus();
    void look();
  }

  function added(result: CloudAdded): void {
    const { id, thing } = result.cloud;
    const said = thing === undefined ? t("cloud.added", { id }) : t("cloud.addedAs", { id, thing });
    finish({ said, added: result });
  }

  function act(said: string, gone: boolean): void {
    if (gone) finish({ said });
    else {
      setDone({ said });
      void look();
    }
  }

  return (
    <Page title={t("system.bridges")}>
      <p className="muted">{t(list.length === 0 ? "system.noBridges" : "cloud.lead")}</p>
      <div className="cloud-done">
        <p role="status" className={done.said === "" ? "visually-hidden" : "notice-inline"}>
          {done.said}
        </p>
        {done.added?.check === undefined ? null : (
          <details>
            <summary>{t("cloud.steps")}</summary>
            <CheckReport
              state={{ runs: false, steps: done.added.check.steps }}
              provider={done.added.cloud.provider}
              title={t("cloud.stepsOf", { id: done.added.cloud.id })}
            />
          </details>
        )}
        <div role="alert">
          {failure === undefined ? null : (
            <p className="card-problem">{t("cloud.loadFailed", { problem: problemText(failure, t) })}</p>
          )}
        </div>
        {administers && !adding ? (
          <div>
            <button
              type="button"
              className="button primary"
              onClick={() => {
                setAdding(true);
                setDone({ said: "" });
              }}
            >
              {t("cloud.add")}
            </button>
          </div>
        ) : null}
      </div>
      {adding ? (
        <AddCloudForm
          taken={[...list, ...(clouds ?? [])].map(({ id }) => id)}
          onAdded={added}
          onCancel={() => finish({ said: "" })}
        />
      ) : administers && clouds === undefined && failure === undefined ? (
        // All of a card at once: nothing in it moves.
        <p className="empty">{t("app.loading")}</p>
      ) : (
        <ul className="bridges">
          {list.map((bridge) => (
            <BridgeCard
              key={bridge.id}
              bridge={bridge}
              cloud={clouds?.find(({ id, problem }) => id === bridge.id && problem === undefined)}
              onDone={act}
            />
          ))}
          {clouds?.map((cloud) =>
            cloud.problem === undefined ? null : (
              <LoneCloudCard
                key={`${cloud.source} ${cloud.id}`}
                cloud={cloud}
                problem={cloud.problem}
                onDone={act}
              />
            ),
          )}
        </ul>
      )}
    </Page>
  );
}
