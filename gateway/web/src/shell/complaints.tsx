import { useId } from "react";
import type { Tone } from "./chip.tsx";

export interface Complaint {
  readonly where: string;
  /** For people, in English, as the gateway wrote it. */
  readonly problem: string;
  readonly code?: string;
  /** The same in the page's language and in short, where it is known. */
  readonly summary?: string | undefined;
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
        {list.map(({ where, problem, code, summary }) => (
          <li key={`${where} ${problem}`}>
            {summary === undefined ? null : <strong className="complaints-summary">{summary}</strong>}
            <span lang="en" className={summary === undefined ? undefined : "muted"}>
              <code>{where}</code> {problem}
              {code === undefined ? null : <span className="complaints-code"> ({code})</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
