export type { Made, Schedule, Window } from "./schedule.ts";
export { ScheduleMaker } from "./schedule-maker.ts";
export type { Place } from "./sun.ts";
