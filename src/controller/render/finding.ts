/** What a person should know of a SeldonDeployment: it becomes a condition and an Event. */

export interface Finding {
  /** CamelCase, for programs: `KafkaSettingMissing`. */
  readonly reason: string;
  /** What is wrong, where (a field's path), and what to do. */
  readonly message: string;
}
