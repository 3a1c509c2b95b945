import { type ReactNode, useContext } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { isPart, moved, type Part } from "./document.ts";
import { RuleEditorContext } from "./field-frame.tsx";
import { PartList } from "./part-list.tsx";
import type { Role } from "./part-specs.ts";
import { ChoiceField } from "./simple-fields.tsx";
import { ToolButton } from "./tool-button.tsx";

interface Props {
  readonly label: string;
  readonly path: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** A list of parts inside of a part. @param lone it is a single one, which stands there itself. */
export function NestedList({
  label,
  path,
  value,
  kinds,
  lone,
  onChange,
}: Props & { readonly kinds: Role; readonly lone?: boolean }) {
  const single = isPart(value) && Object.keys(value).length > 0 ? [value] : [];
  const parts: readonly unknown[] = lone === true ? single : Array.isArray(value) ? value : [];
  return (
    <PartList
      role={kinds}
      path={path}
      label={label}
      parts={parts}
      lone={lone === true}
      onChange={(changed) => onChange(lone === true ? (changed[0] ?? {}) : changed)}
    />
  );
}

/** What stands beside each other, each with what can be done with it. */
function Items({
  label,
  items,
  least,
  fresh,
  onChange,
  children,
}: {
  readonly label: string;
  readonly items: readonly unknown[];
  readonly least: number;
  readonly fresh: unknown;
  readonly onChange: (items: readonly unknown[]) => void;
  readonly children: (item: unknown, index: number) => ReactNode;
}) {
  const { t } = useI18n();
  const { announce, readOnly } = useContext(RuleEditorContext);
  const nameOf = (index: number): string => `${label} ${index + 1}`;
  return (
    <div className="branches">
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is in them has keys of its own.
        // biome-ignore lint/a11y/useSemanticElements: a field set would be told before each of its fields.
        <div key={index} className="branch" role="group" aria-label={nameOf(index)}>
          <div className="part-header">
            <strong aria-hidden="true">{nameOf(index)}</strong>
            {readOnly ? null : (
              <div className="part-tools">
                <ToolButton
                  icon="up"
                  label={`${t("editor.moveUp")}: ${nameOf(index)}`}
                  off={index === 0}
                  onPress={() => {
                    onChange(moved(items, index, -1));
                    announce(t("editor.moved", { kind: nameOf(index), number: index, count: items.length }));
                  }}
                />
                <ToolButton
                  icon="remove"
                  label={`${t("editor.remove")}: ${nameOf(index)}`}
                  off={items.length <= least}
                  onPress={() => {
                    onChange(items.toSpliced(index, 1));
                    announce(t("editor.removed", { kind: nameOf(index) }));
                  }}
                />
              </div>
            )}
          </div>
          {children(item, index)}
        </div>
      ))}
      {readOnly ? null : (
        <button
          type="button"
          className="button"
          onClick={() => {
            onChange([...items, fresh]);
            const count = items.length + 1;
            announce(t("editor.added", { kind: label, number: count, count }));
          }}
        >
          <span aria-hidden="true">+ {label}</span>
          <span className="visually-hidden">{t("editor.add", { kind: label })}</span>
        </button>
      )}
    </div>
  );
}

/** The branches of a choice: the first whose conditions hold is done. */
export function BranchesField({ label, path, value, onChange }: Props) {
  const { t } = useI18n();
  const branches: readonly unknown[] = Array.isArray(value) ? value : [];
  return (
    <Items label={label} items={branches} least={1} fresh={{ when: [], do: [] }} onChange={onChange}>
      {(item, index) => {
        const branch: Part = isPart(item) ? item : {};
        const list = (key: "when" | "do", role: Role, text: string) => (
          <NestedList
            label={text}
            path={`${path}[${index}].${key}`}
            kinds={role}
            value={branch[key]}
            onChange={(parts) => onChange(branches.with(index, { ...branch, [key]: parts }))}
          />
        );
        return (
          <>
            {list("when", "conditions", t("editor.if"))}
            {list("do", "actions", t("editor.then"))}
          </>
        );
      }}
    </Items>
  );
}

/** Lists of actions that run side by side. */
export function BlocksField({ label, path, value, onChange }: Props) {
  const blocks: readonly unknown[] = Array.isArray(value) ? value : [];
  const { t } = useI18n();
  return (
    <Items label={label} items={blocks} least={1} fresh={[]} onChange={onChange}>
      {(item, index) => (
        <NestedList
          label={t("editor.do")}
          path={`${path}[${index}]`}
          kinds="actions"
          value={item}
          onChange={(parts) => onChange(blocks.with(index, parts))}
        />
      )}
    </Items>
  );
}

const WAYS = { count: 3, while: [], until: [], for_each: "${ }" } as const;

/** How often: choosing another way begins it anew. */
export function RepeatHowField({ label, path, value, onChange }: Props) {
  const { t } = useI18n();
  const ways = ["count", "while", "until", "for_each"] as const;
  const current = ways.find((way) => isPart(value) && Object.hasOwn(value, way));
  return (
    <ChoiceField
      label={label}
      path={path}
      usual="count"
      value={current}
      options={ways.map((way) => [way, t(`editor.repeat.${way}`)] as const)}
      onChange={(way) => onChange({ [way]: WAYS[way] })}
    />
  );
}
