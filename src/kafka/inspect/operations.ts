/** What a broker says we may do: one bit for each operation (KIP-430). Pure. */

/** By their codes in Kafka's AclOperation. */
const codes = [
  ['READ', 3],
  ['WRITE', 4],
  ['CREATE', 5],
  ['DELETE', 6],
  ['ALTER', 7],
  ['DESCRIBE', 8],
] as const;

/** What a broker sends that does not tell. */
const untold = -(2 ** 31);

/** @returns undefined where the broker does not tell */
export const operationsOf = (bits: number): readonly string[] | undefined =>
  bits === untold
    ? undefined
    : codes.filter(([, code]) => (bits & (1 << code)) !== 0).map(([name]) => name);
