/** Every reason for a refusal, with its status, from the OpenAPI document. */

import { Fragment, type ReactNode, useEffect, useState } from "react";

import { Notice } from "./Notice";
import styles from "./ProblemsPage.module.css";

const DOCUMENT = "/v2/openapi.json";

interface ApiProblem {
  reason: string;
  status: number;
  title: string;
}

export function ProblemsPage() {
  const [problems, setProblems] = useState<ApiProblem[] | Error>();
  const [phrase, setPhrase] = useState("");

  useEffect(() => {
    const leaving = new AbortController();
    readProblems(leaving.signal).then(setProblems, (error: unknown) => {
      if (!leaving.signal.aborted) setProblems(error instanceof Error ? error : new Error(String(error)));
    });
    return () => leaving.abort();
  }, []);

  if (!problems) return <Notice>Loading the list…</Notice>;
  if (problems instanceof Error) return <Notice failed>The list could not be loaded: {problems.message}</Notice>;
  const wanted = phrase.trim().toLowerCase();
  const shown = problems.filter(({ reason, status, title }) =>
    `${reason} ${status} ${title}`.toLowerCase().includes(wanted),
  );
  return (
    <div className={styles["problems"]}>
      <h1>Problems</h1>
      <p>
        A refused request is answered with a problem (RFC 9457). Its <code>reason</code> says why, and never changes
        its meaning. GraphQL and the stream use the same reasons.
      </p>
      <input
        type="search"
        aria-label="Filter problems"
        placeholder="Filter by reason, status or words"
        autoComplete="off"
        value={phrase}
        onChange={(event) => setPhrase(event.target.value)}
      />
      <table>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Reason</th>
            <th scope="col">Title</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((problem) => (
            <Row key={problem.reason} problem={problem} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 ? <Notice>No problem matches.</Notice> : null}
    </div>
  );
}

function Row({ problem: { reason, status, title } }: { problem: ApiProblem }) {
  const isMeant = location.hash === `#${reason}`;
  return (
    <tr id={reason} className={isMeant ? styles["meant"] : undefined} ref={isMeant ? intoView : undefined}>
      <td>{status}</td>
      <td>
        <a href={`#${reason}`}>
          <code>{withBreaks(reason)}</code>
        </a>
      </td>
      <td>{title}</td>
    </tr>
  );
}

/** The name, which may be broken behind each of its words. */
function withBreaks(reason: string): ReactNode {
  return reason.split(/(?<=_)/).map((word, index) => (
    <Fragment key={index}>
      {word}
      <wbr />
    </Fragment>
  ));
}

/** The table comes after the browser looked for the row of the address. */
function intoView(row: HTMLElement | null): void {
  row?.scrollIntoView({ block: "center" });
}

/** The problems by status, then by reason. */
async function readProblems(signal: AbortSignal): Promise<ApiProblem[]> {
  const response = await fetch(DOCUMENT, { signal });
  if (!response.ok) throw new Error(`${DOCUMENT} answered ${response.status}.`);
  const document = (await response.json()) as { "x-problems": Record<string, Omit<ApiProblem, "reason">> };
  return Object.entries(document["x-problems"])
    .map(([reason, problem]) => ({ reason, ...problem }))
    .sort((one, other) => one.status - other.status || one.reason.localeCompare(other.reason));
}
