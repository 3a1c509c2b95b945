import { useId, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import type { HeldPem } from "./cloud-entry.ts";
import { LONGEST_PEM, type PemFault, type PemKind, readPem } from "./pem.ts";

interface Props {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem: string | undefined;
  readonly holds: PemKind;
  readonly value: HeldPem | undefined;
  readonly onChange: (value: HeldPem | undefined) => void;
}

/** A certificate or key: a file is chosen, or its text pasted. Once it is good its text is in the page no more. */
export function PemField({ label, hint, problem, holds, value, onChange }: Props) {
  const { t } = useI18n();
  const linesId = useId();
  const group = useRef<HTMLFieldSetElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [pasting, setPasting] = useState(false);
  const [pasted, setPasted] = useState("");
  const [fault, setFault] = useState<PemFault>();
  const wrong = fault === undefined ? problem : t(`cloud.pem.${fault}`);

  function take(text: string, name: string | undefined): void {
    const found = readPem(text, holds);
    setFault(found.ok ? undefined : found.fault);
    setPasted(found.ok || name !== undefined ? "" : text);
    if (!found.ok) return;
    setPasting(false);
    hold({ name, text: found.text, count: found.count });
  }

  /** What was pressed goes, and the focus must not go with it. */
  function hold(next: HeldPem | undefined): void {
    onChange(next);
    requestAnimationFrame(() => group.current?.querySelector<HTMLElement>("button")?.focus());
  }

  async function choose(file: File): Promise<void> {
    if (file.size > LONGEST_PEM) setFault("too-large");
    else take(await file.text(), file.name);
  }

  const described = hint === undefined && wrong === undefined ? undefined : linesId;
  return (
    <fieldset ref={group} className="form-field pem" aria-describedby={described}>
      <legend>{label}</legend>
      {value === undefined ? (
        <>
          <input
            ref={input}
            type="file"
            hidden
            aria-label={label}
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              // The browser keeps no hold of it, and the same file can be chosen again.
              if (file !== undefined) void choose(file).finally(() => (currentTarget.value = ""));
            }}
          />
          <div className="bridge-tools">
            <button
              type="button"
              className="button"
              data-wrong={wrong !== undefined}
              aria-describedby={described}
              aria-label={`${t("cloud.pem.choose")}: ${label}`}
              onClick={() => input.current?.click()}
            >
              {t("cloud.pem.choose")}
            </button>
            <button
              type="button"
              className="button"
              aria-expanded={pasting}
              aria-label={`${t("cloud.pem.paste")}: ${label}`}
              onClick={() => {
                setPasting(!pasting);
                setPasted("");
              }}
            >
              {t("cloud.pem.paste")}
            </button>
          </div>
          {pasting ? (
            <textarea
              className="field pem-text"
              rows={4}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              aria-label={`${t("cloud.pem.pasteHere")}: ${label}`}
              placeholder={t("cloud.pem.pasteHere")}
              value={pasted}
              onChange={({ currentTarget }) => take(currentTarget.value, undefined)}
            />
          ) : null}
        </>
      ) : (
        <div className="pem-held">
          <span>
            <strong>{value.name ?? t("cloud.pem.pasted")}</strong>{" "}
            <span className="muted">
              {holds === "certificate"
                ? t("cloud.pem.certificates", { count: value.count })
                : t("cloud.pem.key")}
            </span>
          </span>
          <button
            type="button"
            className="button"
            data-wrong={wrong !== undefined}
            aria-label={`${t("cloud.pem.forget")}: ${label}`}
            onClick={() => hold(undefined)}
          >
            {t("cloud.pem.forget")}
          </button>
        </div>
      )}
      {described === undefined ? null : (
        <div id={linesId}>
          {hint === undefined ? null : <p className="hint">{hint}</p>}
          {wrong === undefined ? null : <p className="field-problem">{wrong}</p>}
        </div>
      )}
    </fieldset>
  );
}
