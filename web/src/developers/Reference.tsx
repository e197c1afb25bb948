/** The REST reference: Swagger UI over the OpenAPI document of one version. */

import { useEffect, useRef, useState } from "react";

import bar from "./Bar.module.css";
import { Notice } from "./Notice";
import styles from "./Reference.module.css";
import { type OpenApiDocument, showReference } from "./swagger";
import { followDark } from "./theme";

type Version = "1" | "2";

/** The version of the address; the newest without one. */
function chosenVersion(): Version {
  return new URLSearchParams(location.search).get("version") === "1" ? "1" : "2";
}

export function Reference() {
  const version = chosenVersion();
  const url = `/v${version}/openapi.json`;
  const [document, setDocument] = useState<OpenApiDocument | Error>();
  const [phrase, setPhrase] = useState("");
  const element = useRef<HTMLDivElement>(null);
  const filter = useRef<(phrase: string) => void>(undefined);

  useEffect(() => {
    const leaving = new AbortController();
    readDocument(url, leaving.signal).then(setDocument, (error: unknown) => {
      if (!leaving.signal.aborted) setDocument(error instanceof Error ? error : new Error(String(error)));
    });
    return () => leaving.abort();
  }, [url]);

  useEffect(() => {
    if (!document || document instanceof Error) return undefined;
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
      <div className={`${bar["bar"]} ${styles["toolbar"]}`}>
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
        <a className={bar["link"]} href={url}>OpenAPI document</a>
      </div>
      {document instanceof Error ? (
        <Notice failed>The document could not be loaded: {document.message}</Notice>
      ) : document ? null : (
        <Notice>Loading the document…</Notice>
      )}
      <div ref={element} className={styles["reference"]} />
    </>
  );
}

async function readDocument(url: string, signal: AbortSignal): Promise<OpenApiDocument> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}.`);
  return (await response.json()) as OpenApiDocument;
}
