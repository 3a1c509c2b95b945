import { useId } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { type Pair, withNewPair } from "./cloud-entry.ts";

interface Props {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly problem: string | undefined;
  readonly names: { readonly name: string; readonly value: string };
  readonly pairs: readonly Pair[];
  readonly onChange: (pairs: readonly Pair[]) => void;
}

/** Names and values, a line each. */
export function PairsField({ label, hint, names, onChange, pairs, problem }: Props) {
  const { t } = useI18n();
  const linesId = useId();
  const change = (row: number, part: Partial<Pair>): void =>
    onChange(pairs.map((pair) => (pair.row === row ? { ...pair, ...part } : pair)));
  const usual = {
    className: "field",
    autoComplete: "off",
    autoCapitalize: "none",
    spellCheck: false,
    "aria-describedby": linesId,
  };
  return (
    <fieldset className="form-field pairs">
      <legend>{label}</legend>
      {pairs.map(({ row, name, value }, index) => (
        <div key={row} className="pair">
          <input
            {...usual}
            aria-label={`${names.name} ${index + 1}`}
            placeholder={names.name}
            aria-invalid={problem !== undefined}
            data-wrong={problem !== undefined}
            value={name}
            onChange={({ currentTarget }) => change(row, { name: currentTarget.value })}
          />
          <input
            {...usual}
            aria-label={`${names.value} ${index + 1}`}
            placeholder={names.value}
            value={value}
            onChange={({ currentTarget }) => change(row, { value: currentTarget.value })}
          />
          <button
            type="button"
            className="button icon-button"
            aria-label={t("cloud.add.removePair", { number: index + 1 })}
            disabled={pairs.length === 1}
            onClick={() => onChange(pairs.filter((pair) => pair.row !== row))}
          >
            <span aria-hidden="true">×</span>
          </button>
        </div>
      ))}
      <div>
        <button type="button" className="button" onClick={() => onChange(withNewPair(pairs))}>
          {t("cloud.add.addPair")}
        </button>
      </div>
      <div id={linesId}>
        {hint === undefined ? null : <p className="hint">{hint}</p>}
        {problem === undefined ? null : <p className="field-problem">{problem}</p>}
      </div>
    </fieldset>
  );
}
