import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { fold, matches } from "../i18n/fold.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { FieldFrame } from "./field-frame.tsx";
import { findChoice, type PropertyChoice, type PropertyUse, propertyChoices } from "./property-choices.ts";

/** Longer lists are searched, not scrolled. */
const MOST_SHOWN = 60;

interface Props {
  readonly label: string;
  readonly path: string;
  readonly use: PropertyUse;
  readonly reference: unknown;
  readonly onChoose: (choice: PropertyChoice) => void;
}

/** What is known of the property that a rule names; undefined while nobody has announced it. */
export function useProperty(reference: unknown, use: PropertyUse): PropertyChoice | undefined {
  const found = findChoice(useChoices(use), reference);
  return found.kind === "known" ? found.choice : undefined;
}

function useChoices(use: PropertyUse): readonly PropertyChoice[] {
  const { language } = useI18n();
  const things = useAppSelector((state) => state.things.descriptions);
  return useMemo(() => propertyChoices(things, language, use), [things, language, use]);
}

/**
 * A property of the house, found by typing (ARIA combobox with a list box). What is not announced now stays as it was
 * written until another one is chosen.
 */
export function PropertyField({ label, path, use, reference, onChoose }: Props) {
  const { t } = useI18n();
  const listId = useId();
  const root = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState<string>();
  const [active, setActive] = useState(0);
  const choices = useChoices(use);
  const found = findChoice(choices, reference);
  const open = query !== undefined;
  const wanted = fold(query ?? "").trim();
  const shown = useMemo(
    () =>
      choices.filter(({ searchText }) => wanted === "" || matches(searchText, wanted)).slice(0, MOST_SHOWN),
    [choices, wanted],
  );
  const current =
    found.kind === "known" ? `${found.choice.thingTitle} · ${found.choice.title}` : String(reference ?? "");

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setQuery(undefined);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  function choose(choice: PropertyChoice | undefined): void {
    if (choice === undefined) return;
    setQuery(undefined);
    onChoose(choice);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) {
        setQuery("");
        setActive(0);
      } else {
        const step = event.key === "ArrowDown" ? 1 : -1;
        setActive((active + step + shown.length) % Math.max(1, shown.length));
      }
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      choose(shown[active]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setQuery(undefined);
    } else if (event.key === "Tab") setQuery(undefined);
  }

  return (
    <FieldFrame
      label={label}
      path={path}
      note={
        found.kind === "unknown" ? t("editor.unknownProperty", { reference: String(reference) }) : undefined
      }
      wide
    >
      {(field) => (
        <div className="picker" ref={root}>
          <input
            {...field}
            className="field"
            type="text"
            role="combobox"
            autoComplete="off"
            aria-expanded={open}
            aria-controls={open ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={open && shown.length > 0 ? `${listId}-${active}` : undefined}
            placeholder={t(open ? "editor.searchProperty" : "editor.chooseProperty")}
            value={query ?? current}
            onClick={() => {
              if (open) return;
              setQuery("");
              setActive(0);
            }}
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
            }}
            onKeyDown={onKeyDown}
          />
          {open ? (
            <div className="picker-list" id={listId} role="listbox" aria-label={label} tabIndex={-1}>
              {shown.map((choice, index) => (
                <Option
                  key={choice.reference}
                  id={`${listId}-${index}`}
                  choice={choice}
                  active={index === active}
                  selected={choice.reference === reference}
                  onChoose={() => choose(choice)}
                />
              ))}
              {shown.length === 0 ? (
                <div className="picker-none" role="option" aria-selected={false} aria-disabled tabIndex={-1}>
                  {t("editor.noProperty")}
                </div>
              ) : null}
            </div>
          ) : null}
        </div>
      )}
    </FieldFrame>
  );
}

function Option({
  id,
  choice,
  active,
  selected,
  onChoose,
}: {
  readonly id: string;
  readonly choice: PropertyChoice;
  readonly active: boolean;
  readonly selected: boolean;
  readonly onChoose: () => void;
}) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) element.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's, which keeps the focus.
    <div
      ref={element}
      id={id}
      className="picker-option"
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      data-active={active}
      onClick={onChoose}
    >
      <span>
        {choice.thingTitle} · {choice.title}
        {choice.affordance.unit === undefined ? "" : ` (${choice.affordance.unit})`}
      </span>
      <code>{choice.reference}</code>
    </div>
  );
}
