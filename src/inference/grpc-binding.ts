/** What a prediction protocol is over gRPC: its methods by the name of their message, its health. */

/** One unary method that predicts. */
export interface GrpcMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Full names of the messages, as `proto-name` gives them. */
  readonly request: string;
  readonly reply: string;
}

/** One unary method that a server of the protocol offers, its messages passed on as bytes. */
export interface ServedMethod {
  readonly path: string;
  /** What the predictor is called by. */
  readonly target: string;
  /**
   * It is a question: about a model, which the message names, about the server, or about the graph.
   * Undefined: it predicts.
   */
  readonly about?: 'model' | 'server' | 'graph';
  /** The method by which each node is asked, for a question about the graph. */
  readonly ofNode?: string;
}

/** One way of asking a server whether it can predict. */
export interface ReadinessQuestion {
  readonly path: string;
  readonly message: Uint8Array;
  readonly isReady: (answer: Uint8Array) => boolean;
}

export interface GrpcBinding {
  /** The name of the message picks the method. */
  readonly methods: readonly [GrpcMethod, ...GrpcMethod[]];
  /** Those that predict and that no name picks: callers of our own server name them. */
  readonly otherMethods: readonly GrpcMethod[];
  /** What takes feedback; undefined where the protocol has no such call. */
  readonly feedback: GrpcMethod | undefined;
  /** What is offered to callers of our own server. */
  readonly served: readonly ServedMethod[];
  /**
   * Asked in turn until the server knows one. A server that answers at all but knows none of them
   * can be called.
   */
  readonly readiness: (model: string | undefined) => readonly ReadinessQuestion[];
  /** The model that a request names; undefined where it names none, or cannot. */
  readonly modelOf: (request: Uint8Array) => string | undefined;
  /** The model that a question about one names; empty where it names none. */
  readonly askedOf: (question: Uint8Array) => string;
}
