/** GraphiQL with Roost's schema. */

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { buildSchema, type GraphQLSchema } from "graphql";
import { createClient } from "graphql-ws";
import { useEffect, useState } from "react";

import { chosenTheme } from "../app/theme";
import { send } from "./access";
import "./graphiql.css";
import { Notice } from "./Notice";
import { completeEditors } from "./editors";
import { streamTicket } from "./stream-ticket";

const PATH = "/graphql";
const SCHEMA = "/docs/schema.graphql";
const FIRST_QUERY = `# Ctrl-Space completes, Ctrl-Enter sends.
# "Send requests", above, chooses the access token.

query Public {
  publicTimeline(first: 5) {
    nodes {
      post {
        id
        text
        author { handle }
        counts { likes reposts replies }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

/** The server closes a connection that is silent for longer. */
const PING_MS = 15_000;

const fetcher = createGraphiQLFetcher({
  url: PATH,
  fetch: send,
  enableIncrementalDelivery: false,
  wsClient: createClient({
    url: new URL(PATH, location.href.replace(/^http/, "ws")).href,
    // A ticket is good for one connection.
    connectionParams: async () => ({ ticket: await streamTicket() }),
    keepAlive: PING_MS,
    retryAttempts: 0,
  }),
});

export function Explorer() {
  const [schema, setSchema] = useState<GraphQLSchema | Error>();

  useEffect(() => {
    const leaving = new AbortController();
    readSchema(leaving.signal).then(setSchema, (error: unknown) => {
      if (!leaving.signal.aborted) setSchema(error instanceof Error ? error : new Error(String(error)));
    });
    return () => leaving.abort();
  }, []);

  useEffect(() => completeEditors(document.body), []);

  if (!schema) return <Notice>Loading the schema…</Notice>;
  if (schema instanceof Error) return <Notice failed>The schema could not be loaded: {schema.message}</Notice>;
  return (
    <>
      <h1 className="visually-hidden">GraphiQL</h1>
      <GraphiQL
        fetcher={fetcher}
        schema={schema}
        defaultQuery={FIRST_QUERY}
        shouldPersistHeaders={false}
        forcedTheme={chosenTheme()}
      >
        <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

async function readSchema(signal: AbortSignal): Promise<GraphQLSchema> {
  const response = await fetch(SCHEMA, { signal });
  if (!response.ok) throw new Error(`${SCHEMA} answered ${response.status}.`);
  return buildSchema(await response.text());
}
