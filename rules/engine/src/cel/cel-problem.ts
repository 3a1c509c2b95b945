/** What is wrong with the text of an expression. Thrown inside this folder alone; its door gives values. */
export class CelProblem extends Error {
  /** In UTF-16 units from the begin of the text. */
  readonly position: number;

  constructor(problem: string, position: number) {
    super(problem);
    this.position = position;
  }
}
