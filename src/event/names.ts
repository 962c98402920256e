/** Who we answer for, and the event types and sources that follow from it (design.md §3.2). */

export interface Identity {
  /** The SeldonDeployment's name. */
  readonly sdep: string;
  readonly namespace: string;
  readonly predictor: string;
}

/** `seldon.<sdep>.<namespace>`: the source of our events and the stem of their types. */
export const eventSource = ({ sdep, namespace }: Identity): string => `seldon.${sdep}.${namespace}`;

/** The type of a reply event. */
export const responseType = (identity: Identity): string => `${eventSource(identity)}.response`;

/** The type of an event that tells why there is no reply. */
export const errorType = (identity: Identity): string => `${eventSource(identity)}.error`;

/** The type of an event that says how good a prediction was. */
export const feedbackType = (identity: Identity): string => `${eventSource(identity)}.feedback`;

/** The type that the documents give to requests; others are taken as well. */
export const requestType = (identity: Identity): string => `${eventSource(identity)}.request`;
