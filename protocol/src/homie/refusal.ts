/** A part of a description that the convention does not allow. Thrown inside the reader, never out of it. */
export class Refusal {
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    this.path = path;
    this.problem = problem;
  }
}
