/** Which answers Knative's dispatchers send an event again for (field notes §1.2). */

const sentAgain: ReadonlySet<number> = new Set([404, 408, 409, 429]);

/** @returns whether whoever is answered with this status tries again */
export const isSentAgain = (status: number): boolean => status >= 500 || sentAgain.has(status);
