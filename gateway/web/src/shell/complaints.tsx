import { useId } from "react";
import type { Tone } from "./chip.tsx";

export interface Complaint {
  readonly where: string;
  /** For people, in English, as the gateway wrote it. */
  readonly problem: string;
  readonly code?: string;
}

interface Props {
  readonly title: string;
  readonly tone: Tone;
  readonly list: readonly Complaint[];
  /** Level of the heading in the page. */
  readonly level: 2 | 3;
}

/** What is wrong and where, so that it cannot be overlooked. Nothing at all when nothing is wrong. */
export function Complaints({ title, tone, list, level }: Props) {
  const headingId = useId();
  if (list.length === 0) return null;
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section className="complaints" data-tone={tone} aria-labelledby={headingId}>
      <Heading id={headingId} className="complaints-title">
        {title}
      </Heading>
      <ul>
        {list.map(({ where, problem, code }) => (
          <li key={`${where} ${problem}`} lang="en">
            <code>{where}</code> {problem}
            {code === undefined ? null : <span className="complaints-code"> ({code})</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
