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

  interface SwaggerProps {
    getComponent: (name: string, withContainer?: boolean) => SwaggerComponent;
    text?: React.ReactNode;
  }

  type SwaggerComponent = (props: SwaggerProps) => React.ReactNode;
  type SwaggerWrapper = (Original: SwaggerComponent, system: SwaggerSystem) => SwaggerComponent;

  interface SwaggerSystem {
    /** The copy of React in the bundle. */
    React: { createElement: (type: string | SwaggerComponent, props: object, ...children: unknown[]) => React.ReactNode };
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
  export type { Immutable, SwaggerComponent, SwaggerRequest, SwaggerResponse, SwaggerSystem, SwaggerWrapper };
}
