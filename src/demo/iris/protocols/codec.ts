/**
 * What each of the three REST protocols is to the iris predictor: the same five functions in
 * seldon.ts, tensorflow.ts and v2.ts. Pure; the server turns an {@link Answer} into a response.
 */

/** What a path asks for. `model` is the name in the path, where the protocol has one there. */
export interface Route {
  readonly kind: 'predict' | 'live' | 'ready' | 'metadata';
  readonly model?: string | undefined;
}

/** A JSON value, JSON that is text already, or plain text. */
export type Answer =
  | { readonly status: number; readonly body: unknown }
  | { readonly status: number; readonly json: string }
  | { readonly status: number; readonly text: string };

/** Whether the model can be called, and where it cannot, whether it is only being loaded. */
export type ModelState = 'available' | 'loading' | 'unavailable';

export interface Codec {
  /** Which of the protocol's routes a path is. */
  findRoute(path: string): Route | undefined;
  /** Predicts for a parsed request body; 400 where the model cannot take it. */
  answerPrediction(request: unknown, model: string): Answer;
  /** Live and ready routes. */
  answerHealth(route: Route, state: ModelState, model: string): Answer;
  /** What the model or the server says about itself. */
  answerMetadata(route: Route, model: string): Answer;
  /** The protocol's own shape for any failure. */
  answerError(status: number, reason: string): Answer;
}

/** An object's fields, or none where the value is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : {};
}
