/** The REST reference: Swagger UI over the OpenAPI document of one version. */

import { useEffect, useRef, useState } from "react";

import styles from "./Reference.module.css";
import { showReference } from "./swagger";
import { followDark } from "./theme";

type Version = "1" | "2";

/** The version of the address; the newest without one. */
function chosenVersion(): Version {
  return new URLSearchParams(location.search).get("version") === "1" ? "1" : "2";
}

export function Reference() {
  const version = chosenVersion();
  const document = `/v${version}/openapi.json`;
  const element = useRef<HTMLDivElement>(null);
  const filter = useRef<(phrase: string) => void>(undefined);
  const [phrase, setPhrase] = useState("");

  useEffect(() => {
    // Swagger UI fills an element of its own, and cannot be shown there a second time.
    const shown = window.document.createElement("div");
    element.current?.append(shown);
    const system = showReference(shown, document);
    filter.current = (text) => system.layoutActions.updateFilter(text);
    return () => shown.remove();
  }, [document]);

  // Swagger UI has dark colours where the root element has this class.
  useEffect(() => followDark((isDark) => window.document.documentElement.classList.toggle("dark-mode", isDark)), []);

  return (
    <>
      <div className={styles["bar"]}>
        <label>
          <span>Version</span>
          <select value={version} onChange={(event) => location.assign(`/docs?version=${event.target.value}`)}>
            <option value="2">2</option>
            <option value="1">1, deprecated</option>
          </select>
        </label>
        <input
          type="search"
          aria-label="Filter operations"
          placeholder="Filter by path or words"
          autoComplete="off"
          value={phrase}
          onChange={(event) => {
            setPhrase(event.target.value);
            filter.current?.(event.target.value);
          }}
        />
        <a href={document}>OpenAPI document</a>
      </div>
      <div ref={element} className={styles["reference"]} />
    </>
  );
}
