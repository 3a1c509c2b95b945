import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { FieldFrame } from "./field-frame.tsx";
import {
  findChoice,
  type PropertyChoice,
  type PropertyUse,
  propertyChoices,
  searchChoices,
} from "./property-choices.ts";
import { writeValue } from "./value-entry.ts";

/** Longer lists are searched, not scrolled. */
const MOST_SHOWN = 60;

interface Props {
  readonly label: string;
  readonly path: string;
  readonly use: PropertyUse;
  readonly reference: unknown;
  readonly onChoose: (choice: PropertyChoice) => void;
}

/**
 * A property of the house, found by typing (ARIA combobox with a list box). What is not announced now stays as it was
 * written until another one is chosen.
 */
export function PropertyField({ label, path, use, reference, onChoose }: Props) {
  const { t, language } = useI18n();
  const listId = useId();
  const root = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState<string>();
  const [active, setActive] = useState(0);
  const things = useAppSelector((state) => state.things.descriptions);
  const found = findChoice(things, reference, { language, use });
  const open = query !== undefined;
  const { groups, shown, hidden } = useMemo(
    () => searchChoices(open ? propertyChoices(things, language, use) : [], query ?? "", MOST_SHOWN),
    [open, things, language, use, query],
  );
  const chosen = found.kind === "known" ? found.choice.reference : undefined;

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setQuery(undefined);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  function show(): void {
    setQuery("");
    const all = propertyChoices(things, language, use);
    setActive(
      Math.max(
        0,
        all.slice(0, MOST_SHOWN).findIndex((choice) => choice.reference === chosen),
      ),
    );
  }

  function choose(choice: PropertyChoice | undefined): void {
    if (choice === undefined) return;
    setQuery(undefined);
    onChoose(choice);
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) {
        const step = event.key === "ArrowDown" ? 1 : -1;
        setActive((active + step + shown.length) % Math.max(1, shown.length));
      } else show();
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      choose(shown[active]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setQuery(undefined);
    } else if (event.key === "Tab") setQuery(undefined);
  }

  return (
    <FieldFrame label={label} path={path} note={noteOf()} width="wide">
      {(field) => (
        <div className="picker" ref={root}>
          <input
            {...field}
            className="field"
            type="text"
            role="combobox"
            autoComplete="off"
            spellCheck={false}
            aria-expanded={open}
            aria-controls={open ? listId : undefined}
            aria-autocomplete="list"
            aria-activedescendant={open && shown.length > 0 ? `${listId}-${active}` : undefined}
            placeholder={t(open ? "editor.searchProperty" : "editor.chooseProperty")}
            value={query ?? currentText()}
            onClick={() => {
              if (!open) show();
            }}
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
            }}
            onKeyDown={onKeyDown}
          />
          {open ? (
            <div className="picker-list" id={listId} role="listbox" aria-label={label} tabIndex={-1}>
              {groups.map(({ thing, title, choices }) => (
                // biome-ignore lint/a11y/useSemanticElements: a list box has groups, not field sets.
                <div key={thing} role="group" aria-label={title} className="picker-group">
                  <p className="picker-thing" aria-hidden="true">
                    {title}
                  </p>
                  {choices.map((choice) => {
                    const index = shown.indexOf(choice);
                    return (
                      <Option
                        key={choice.reference}
                        id={`${listId}-${index}`}
                        choice={choice}
                        active={index === active}
                        selected={choice.reference === chosen}
                        onChoose={() => choose(choice)}
                      />
                    );
                  })}
                </div>
              ))}
              {shown.length === 0 || hidden > 0 ? (
                <div className="picker-none" role="option" aria-selected={false} aria-disabled tabIndex={-1}>
                  {hidden > 0 ? t("editor.moreProperties", { count: hidden }) : t("editor.noProperty")}
                </div>
              ) : null}
            </div>
          ) : null}
        </div>
      )}
    </FieldFrame>
  );

  function noteOf(): string | undefined {
    if (found.kind === "unknown") return t("editor.unknownProperty");
    return found.kind === "known" && found.unfit !== undefined ? t(`editor.unfit.${found.unfit}`) : undefined;
  }

  function currentText(): string {
    return found.kind === "known"
      ? `${found.choice.thingTitle} · ${found.choice.title}`
      : writeValue(reference);
  }
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
  const { affordance, reference, thingTitle, title } = choice;
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
        <span className="visually-hidden">{thingTitle} · </span>
        {title}
        {affordance.unit === undefined ? "" : ` (${affordance.unit})`}
      </span>
      <code>{reference}</code>
    </div>
  );
}
