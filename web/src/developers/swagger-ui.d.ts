/** What we use of swagger-ui-dist, which comes without types. */

declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  /** Immutable.Map and Immutable.List, as far as filters need them. */
  interface Immutable<Value> {
    get(key: string): unknown;
    getIn(path: string[]): unknown;
    update(key: string, change: (value: Immutable<Value>) => unknown): this;
    map(change: (value: Value) => unknown): this;
    filter(keep: (value: Value) => boolean): this;
    readonly size: number;
  }

  interface SwaggerRequest {
    url: string;
    headers: Record<string, string>;
  }

  interface SwaggerResponse {
    url: string;
    status: number;
    body?: unknown;
  }

  interface SwaggerSystem {
    layoutActions: { updateFilter: (phrase: string) => void };
  }

  export type Operation = Immutable<never>;
  export type TaggedOperations = Immutable<Immutable<Operation>>;

  interface SwaggerOptions {
    domNode: HTMLElement;
    spec: object;
    presets: unknown[];
    plugins: unknown[];
    layout: string;
    [option: string]: unknown;
    requestInterceptor: (request: SwaggerRequest) => Promise<SwaggerRequest>;
    responseInterceptor: (response: SwaggerResponse) => SwaggerResponse;
  }

  interface SwaggerUIBundle {
    (options: SwaggerOptions): SwaggerSystem;
    presets: { apis: unknown };
  }

  const SwaggerUIBundle: SwaggerUIBundle;
  export default SwaggerUIBundle;
  export type { Immutable, SwaggerRequest, SwaggerResponse, SwaggerSystem };
}
