import type { SunEvent, SunMoment, Week } from "@tram/protocol";
import { type Calendar, secondOfDay, WEEKDAYS, type Weekday } from "../calendar.ts";
import { writeValue } from "../describe-value.ts";
import { parseCron } from "./cron.ts";
import { type Made, refuse, remembering, type Schedule, type Window } from "./schedule.ts";
import type { Place } from "./sun.ts";
import { readSunMoment, sunEvents, sunWindow } from "./sun-schedule.ts";
import { isOnCalendar, nextElapsed, nextOnWall, type SecondSearch } from "./wall-search.ts";
import { readWeekTable, weekEdges, weekWindow } from "./week-table.ts";
import { daysOfWeek, searchWeekly } from "./weekly.ts";

export interface PatternFields {
  readonly hours?: number | string | undefined;
  readonly minutes?: number | string | undefined;
  readonly seconds?: number | string | undefined;
}

const NO_PLACE = "the sun needs to know where the gateway is: gateway.latitude and gateway.longitude";

/**
 * Makes schedules and windows of what rules say, in one time zone and place. Rules that say the same share one: make
 * a new maker for each program, so that nothing is kept of rules that are gone.
 *
 * Times of day (lists of times, cron, tables) come once a day also where daylight saving leaves them out or shows them
 * twice; rhythms (cron and patterns with a `*` or a step among seconds, minutes and hours) follow the time that passes.
 */
export class ScheduleMaker {
  readonly #calendar: Calendar;
  readonly #place: Place | undefined;
  readonly #made = new Map<string, Made<Schedule | Window>>();

  /** @param place where the sun is asked for; schedules of the sun are refused without. */
  constructor(calendar: Calendar, place?: Place) {
    this.#calendar = calendar;
    this.#place = place;
  }

  /** @param at times of day as the schema of rules admits them. */
  times(at: readonly string[], weekdays: readonly Weekday[] = WEEKDAYS): Made<Schedule> {
    const days = weekdays.length === WEEKDAYS.length ? "" : ` on ${weekdays.join(", ")}`;
    return this.#schedule(`${at.join(", ")}${days}`, (text) => {
      const seconds = daysOfWeek(weekdays).flatMap((day) => at.map((time) => day + secondOfDay(time)));
      return { ok: true, value: this.#onWall(text, searchWeekly(seconds)) };
    });
  }

  cron(pattern: string): Made<Schedule> {
    return this.#schedule(`cron ${pattern}`, (text) => this.#cron(text, pattern));
  }

  /**
   * As Home Assistant's: `/5` is each fifth; a unit that is left out is 0 where a larger one is given, and each of them
   * otherwise.
   */
  timePattern({ hours, minutes, seconds }: PatternFields): Made<Schedule> {
    if (hours === undefined && minutes === undefined && seconds === undefined) {
      return refuse("found none of its keys, expected hours, minutes or seconds");
    }
    for (const [key, field, max] of [
      ["hours", hours, 23],
      ["minutes", minutes, 59],
      ["seconds", seconds, 59],
    ] as const) {
      if (field === undefined || isPatternField(field, max)) continue;
      return refuse(`found ${writeValue(field)}, expected *, 0 to ${max}, or a step such as /5`, key);
    }
    const words = [seconds ?? 0, minutes ?? (hours === undefined ? "*" : 0), hours ?? "*"].map((field) =>
      String(field).replace(/^\//, "*/"),
    );
    const names = Object.entries({ hours, minutes, seconds }).flatMap(([key, field]) =>
      field === undefined ? [] : [`${key} ${field}`],
    );
    return this.#schedule(names.join(", "), (text) => this.#cron(text, `${words.join(" ")} * * *`));
  }

  sun(moment: SunMoment): Made<Schedule> {
    return this.#schedule(describeMoment(moment), (text) => {
      if (this.#place === undefined) return refuse(NO_PLACE);
      const read = readSunMoment(moment);
      return read.ok ? { ok: true, value: this.#named(text, sunEvents(this.#place, read.value)) } : read;
    });
  }

  sunWindow({ after, before }: { after?: SunMoment; before?: SunMoment }): Made<Window> {
    const words = [
      ...(after === undefined ? [] : [`after ${describeMoment(after)}`]),
      ...(before === undefined ? [] : [`before ${describeMoment(before)}`]),
    ];
    return this.#window(words.join(" and "), (text) => {
      if (this.#place === undefined) return refuse(NO_PLACE);
      const [first, second] = [after, before].map((one) => one && readSunMoment(one));
      if (first === undefined && second === undefined) {
        return refuse("found none of its keys, expected after or before");
      }
      const problems = [
        ...(first?.ok === false ? first.problems.map((one) => ({ ...one, path: "after.offset" })) : []),
        ...(second?.ok === false ? second.problems.map((one) => ({ ...one, path: "before.offset" })) : []),
      ];
      if (problems.length > 0) return { ok: false, problems };
      const bounds = {
        after: first?.ok === true ? first.value : undefined,
        before: second?.ok === true ? second.value : undefined,
      };
      return { ok: true, value: sunWindow({ calendar: this.#calendar, place: this.#place }, bounds, text) };
    });
  }

  /** The edges of a weekly table. */
  week(week: Week, on: "start" | "end" | "both" = "start"): Made<Schedule> {
    return this.#schedule(`${on === "both" ? "start and end" : on} of ${describeWeek(week)}`, (text) => {
      const table = readWeekTable(week);
      if (!table.ok) return table;
      return { ok: true, value: this.#named(text, weekEdges(this.#calendar, table.value, on)) };
    });
  }

  weekWindow(week: Week): Made<Window> {
    return this.#window(describeWeek(week), (text) => {
      const table = readWeekTable(week);
      return table.ok ? { ok: true, value: weekWindow(this.#calendar, table.value, text) } : table;
    });
  }

  #cron(text: string, pattern: string): Made<Schedule> {
    const read = parseCron(pattern);
    if (!read.ok) return read;
    const { isRhythm, search } = read.value;
    if (!isRhythm) return { ok: true, value: this.#onWall(text, search) };
    return { ok: true, value: this.#named(text, (after) => nextElapsed(this.#calendar, after, search)) };
  }

  #onWall(text: string, search: SecondSearch): Schedule {
    const calendar = this.#calendar;
    return this.#named(text, (after) =>
      nextOnWall(calendar, after, search, (at, wall) => isOnCalendar(calendar, at, wall)),
    );
  }

  #named(text: string, next: Schedule["next"]): Schedule {
    const place = this.#place === undefined ? "" : ` ${this.#place.latitude},${this.#place.longitude}`;
    return { text, key: `${text} ${this.#calendar.timezone}${place}`, next: remembering(next) };
  }

  #schedule(text: string, make: (text: string) => Made<Schedule>): Made<Schedule> {
    return this.#shared(`schedule ${text}`, () => make(text));
  }

  #window(text: string, make: (text: string) => Made<Window>): Made<Window> {
    return this.#shared(`window ${text}`, () => make(text));
  }

  #shared<Part extends Schedule | Window>(key: string, make: () => Made<Part>): Made<Part> {
    // What is kept under a key was made by the same caller: the keys begin with the kind.
    const known = this.#made.get(key) as Made<Part> | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}

function isPatternField(field: number | string, max: number): boolean {
  if (field === "*") return true;
  const [, step = "", digits] = /^(\/?)(\d{1,2})$/.exec(String(field)) ?? [];
  return digits !== undefined && Number(digits) <= max && (step === "" || Number(digits) > 0);
}

function describeMoment({ event, offset }: { event: SunEvent; offset?: string }): string {
  if (offset === undefined) return event;
  return offset.startsWith("-") ? `${offset.slice(1)} before ${event}` : `${offset} after ${event}`;
}

function describeWeek(week: Week): string {
  return Object.entries(week)
    .map(([day, windows]) => `${day} ${(windows ?? []).join(" ")}`)
    .join(", ");
}
