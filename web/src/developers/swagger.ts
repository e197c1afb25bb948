/** Swagger UI, as the REST reference uses it. */

import SwaggerUIBundle, {
  type Operation,
  type SwaggerComponent,
  type SwaggerRequest,
  type SwaggerResponse,
  type SwaggerSystem,
  type SwaggerWrapper,
  type TaggedOperations,
} from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

import { accessToken, chooseAccess } from "./access";
import "./swagger.css";

/**
 * The page as Swagger UI's own layout has it, without its header: ours has the token and the filter, and its
 * `main` stands around the page.
 */
const layout = ({ React: { createElement } }: SwaggerSystem): SwaggerComponent =>
  function Layout({ getComponent }) {
    const part = (name: string) => createElement(getComponent(name, true), { key: name });
    return createElement(
      "div",
      { className: "swagger-ui" },
      createElement(
        "div",
        { className: "wrapper" },
        part("errors"),
        part("InfoContainer"),
        createElement("h2", { className: "visually-hidden" }, "Operations"),
        part("operations"),
        part("Models"),
      ),
    );
  };

/** The path in the head of an operation: plain text, for it stands in the button that opens the operation. */
const plainPath: SwaggerWrapper = (Original, { React: { createElement } }) =>
  function PlainPath(props) {
    const Text: SwaggerComponent = ({ text }) => createElement("span", {}, text);
    const getComponent = (name: string) => (name === "DeepLink" ? Text : props.getComponent(name));
    return createElement(Original, { ...props, getComponent });
  };

const ourParts = (system: SwaggerSystem) => ({
  components: { RoostLayout: layout(system) },
  wrapComponents: {
    // The header has the token.
    authorizeOperationBtn: () => () => null,
    OperationSummaryPath: plainPath,
  },
  fn: { opsFilter: matching },
});

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
    layout: "RoostLayout",
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
