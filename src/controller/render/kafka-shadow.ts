/** Where a shadow predictor writes: never among the answers that count. */

const suffix = '.shadow';

/** @returns the topic for a shadow, given the one it is told; one that says so already stays */
export const shadowTopic = (topic: string): string =>
  topic.endsWith(suffix) ? topic : `${topic}${suffix}`;
