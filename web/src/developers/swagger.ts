/** Swagger UI, as the REST reference uses it. */

import SwaggerUIBundle, {
  type Operation,
  type SwaggerRequest,
  type SwaggerResponse,
  type SwaggerSystem,
  type TaggedOperations,
} from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

import { accessToken, chooseAccess } from "./access";
import "./swagger.css";

/** The parts of Swagger UI that our own header and toolbar take the place of. */
const nothing = () => () => null;
const ourParts = {
  wrapComponents: {
    AuthorizeBtnContainer: nothing,
    authorizeOperationBtn: nothing,
    FilterContainer: nothing,
    SchemesContainer: nothing,
    ServersContainer: nothing,
  },
  fn: { opsFilter: matching },
};

/** The part of an OpenAPI document that this page reads. */
export interface OpenApiDocument {
  openapi: string;
  components?: { parameters?: Record<string, { example?: unknown }> };
}

/** Shows the document in the element. */
export function showReference(domNode: HTMLElement, document: OpenApiDocument): SwaggerSystem {
  return SwaggerUIBundle({
    domNode,
    spec: forTrying(document),
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [ourParts],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayOperationId: false,
    displayRequestDuration: true,
    filter: true,
    showCommonExtensions: true,
    tryItOutEnabled: true,
    // The validator is a server of somebody else.
    validatorUrl: null,
    requestInterceptor: withToken,
    responseInterceptor: tokenOf,
  });
}

/** The operations whose path, name or summary contains the phrase, below their tags. */
export function matching(tagged: TaggedOperations, phrase: string): TaggedOperations {
  const wanted = phrase.trim().toLowerCase();
  return tagged
    .map((tag) => tag.update("operations", (operations) => operations.filter((each) => textOf(each).includes(wanted))))
    .filter((tag) => (tag.get("operations") as { size: number }).size > 0);
}

function textOf(operation: Operation): string {
  const parts = [
    operation.get("method"),
    operation.get("path"),
    operation.getIn(["operation", "operationId"]),
    operation.getIn(["operation", "summary"]),
  ];
  return parts.join(" ").toLowerCase();
}

/**
 * The document with this origin as the server, and without an example of a key.
 *
 * Swagger UI fills fields with examples. The same key with another body is refused.
 */
export function forTrying(document: OpenApiDocument): object {
  const parameters = { ...document.components?.parameters };
  if (parameters["IdempotencyKey"]) {
    parameters["IdempotencyKey"] = { ...parameters["IdempotencyKey"], example: undefined };
  }
  return {
    ...document,
    servers: [{ url: location.origin }],
    components: { ...document.components, parameters },
  };
}

/** The request with the chosen access token. */
export async function withToken(request: SwaggerRequest): Promise<SwaggerRequest> {
  const token = await accessToken();
  return token ? { ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } } : request;
}

/** Takes the access token of a session that was begun here for the requests that follow. */
export function tokenOf(response: SwaggerResponse): SwaggerResponse {
  const { access_token: token } = (response.body ?? {}) as { access_token?: unknown };
  if (response.status < 300 && typeof token === "string") chooseAccess({ as: "token", token });
  return response;
}
