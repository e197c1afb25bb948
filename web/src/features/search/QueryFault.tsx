import { useState } from "react";

import type { Problem } from "../../api/problem";
import { Button } from "../../design/Button";
import { Text, useText } from "../../i18n/messages";
import { OperatorHelp } from "./OperatorHelp";
import styles from "./QueryFault.module.css";
import { searchField } from "./field";

/** Where a query goes wrong, and what the server expects there. */
export function QueryFault({ query, problem }: { query: string; problem: Problem }) {
  const text = useText();
  const [help, setHelp] = useState(false);
  const { column = "1", token = "", expected = problem.message } = problem.metadata;
  const { before, fault, after } = faultIn(query, Number(column), token);
  return (
    <>
      <div className={styles.fault} role="alert">
        <h2>{text("search.fault_title")}</h2>
        <p className={styles.query} dir="auto">
          {before}
          <mark>{fault}</mark>
          {after}
        </p>
        <p>
          <Text
            id="search.fault"
            values={{
              column,
              expected: (
                // The server says it in English.
                <bdi key="expected" lang="en">
                  {expected}
                </bdi>
              ),
            }}
          />
        </p>
        <div className={styles.buttons}>
          <Button
            variant="secondary"
            onClick={() => searchField()?.focus(before.length, before.length + fault.trimEnd().length)}
          >
            {text("search.fault_fix")}
          </Button>
          <Button variant="quiet" onClick={() => setHelp(true)}>
            {text("search.operators")}
          </Button>
        </div>
      </div>
      {help && <OperatorHelp onClose={() => setHelp(false)} />}
    </>
  );
}

/** The query around its fault. `column` counts code points from 1. */
export function faultIn(query: string, column: number, token: string): { before: string; fault: string; after: string } {
  const signs = [...query];
  const start = Math.min(Math.max(column - 1, 0), signs.length);
  const length = Math.max([...token].length, 1);
  return {
    before: signs.slice(0, start).join(""),
    // Past the end there is nothing to mark but the place.
    fault: signs.slice(start, start + length).join("") || " ",
    after: signs.slice(start + length).join(""),
  };
}
