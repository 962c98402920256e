/** Tells of trouble once for each reason, and once when it is over. */

export interface Trouble {
  /** Says `line`, unless trouble for this very reason was the last thing said. */
  readonly say: (line: string, reason: string) => void;
  /** Says `line` where there was trouble. */
  readonly over: (line: string) => void;
}

/** Starts without trouble. */
export function createTrouble(print: (line: string) => void): Trouble {
  let current: string | undefined;
  return {
    say: (line, reason) => {
      if (current === reason) return;
      current = reason;
      print(line);
    },
    over: (line) => {
      if (current === undefined) return;
      current = undefined;
      print(line);
    },
  };
}
