import type { Area, ThingSettings } from "@tram/protocol";
import { type FormEvent, useEffect, useId, useState } from "react";
import { problemText } from "../api/problem-text.ts";
import { useApi } from "../api/use-api.ts";
import { localTitle } from "../i18n/titles.ts";
import { useI18n } from "../i18n/use-i18n.ts";
import { useAppSelector } from "../store/hooks.ts";
import { areaIdOf } from "./area-id.ts";
import "./household-texts.ts";
import { ReplaceForm } from "./replace-form.tsx";

const NEW_AREA = "+";

/** What the owner says of a Thing: name, area, tags, notes; and what becomes of it. */
export function ThingSettingsForm({ id, onDone }: { readonly id: string; readonly onDone: () => void }) {
  const { t, language } = useI18n();
  const ask = useApi();
  const field = useId();
  const thing = useAppSelector((state) => state.things.descriptions[id]);
  const settings = useAppSelector((state) => state.things.statuses[id]?.settings);
  const [areas, setAreas] = useState<readonly Area[]>([]);
  const [title, setTitle] = useState(settings?.title ?? "");
  const [area, setArea] = useState(settings?.area ?? "");
  const [newArea, setNewArea] = useState("");
  const [tags, setTags] = useState(settings?.tags?.join(", ") ?? "");
  const [notes, setNotes] = useState(settings?.notes ?? "");
  const [problem, setProblem] = useState<string>();
  const [saving, setSaving] = useState(false);

  useEffect(() => {
    let shown = true;
    void ask((api) => api.areas()).then((result) => {
      if (shown && result.ok) setAreas(result.value);
    });
    return () => {
      shown = false;
    };
  }, [ask]);

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setSaving(true);
    setProblem(undefined);
    const done = await store();
    setSaving(false);
    if (done === undefined) onDone();
    else setProblem(done);
  };

  const store = async (): Promise<string | undefined> => {
    let chosen = area;
    if (area === NEW_AREA) {
      chosen = areaIdOf(newArea, new Set(areas.map((each) => each.id)));
      const made = await ask((api) => api.putArea(chosen, newArea.trim()));
      if (!made.ok) return problemText(made.problem, t);
    }
    const words = tags
      .split(",")
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "");
    const { title: _title, area: _area, tags: _tags, notes: _notes, ...rest } = settings ?? {};
    const changed: ThingSettings = {
      ...rest,
      ...(title.trim() === "" ? {} : { title: title.trim() }),
      ...(chosen === "" ? {} : { area: chosen }),
      ...(words.length === 0 ? {} : { tags: words }),
      ...(notes.trim() === "" ? {} : { notes: notes.trim() }),
    };
    const result = await ask((api) => api.putThingSettings(id, changed));
    return result.ok ? undefined : problemText(result.problem, t);
  };

  if (thing === undefined) return null;
  const name = localTitle(thing, language, id);
  return (
    <>
      <form
        className="thing-settings"
        aria-label={t("household.title", { thing: name })}
        onSubmit={(event) => void save(event)}
      >
        <label htmlFor={`${field}title`}>{t("household.name")}</label>
        <input
          id={`${field}title`}
          className="field"
          maxLength={256}
          value={title}
          placeholder={name}
          aria-describedby={`${field}hint`}
          onChange={(event) => setTitle(event.target.value)}
        />
        <p className="muted" id={`${field}hint`}>
          {t("household.nameHint")}
        </p>
        <label htmlFor={`${field}area`}>{t("household.area")}</label>
        <select
          id={`${field}area`}
          className="field"
          value={area}
          onChange={(event) => setArea(event.target.value)}
        >
          <option value="">{t("household.noArea")}</option>
          {areas.map((each) => (
            <option key={each.id} value={each.id}>
              {each.title}
            </option>
          ))}
          <option value={NEW_AREA}>{t("household.newArea")}</option>
        </select>
        {area === NEW_AREA ? (
          <input
            className="field"
            required
            maxLength={256}
            aria-label={t("household.newAreaName")}
            value={newArea}
            onChange={(event) => setNewArea(event.target.value)}
          />
        ) : null}
        <label htmlFor={`${field}tags`}>{t("household.tags")}</label>
        <input
          id={`${field}tags`}
          className="field"
          value={tags}
          aria-describedby={`${field}tags-hint`}
          onChange={(event) => setTags(event.target.value)}
        />
        <p className="muted" id={`${field}tags-hint`}>
          {t("household.tagsHint")}
        </p>
        <label htmlFor={`${field}notes`}>{t("household.notes")}</label>
        <textarea
          id={`${field}notes`}
          className="field"
          rows={2}
          maxLength={4096}
          value={notes}
          onChange={(event) => setNotes(event.target.value)}
        />
        {problem === undefined ? null : (
          <p className="card-problem" role="alert">
            {t("household.failed", { problem })}
          </p>
        )}
        <button type="submit" className="button primary" disabled={saving}>
          {saving ? t("household.saving") : t("household.save")}
        </button>
      </form>
      <ReplaceForm id={id} name={name} onDone={onDone} />
    </>
  );
}
