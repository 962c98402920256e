/** The registry of prediction protocols: adding one is a folder and a line here. */

import type { Protocol, ProtocolName } from './protocol.ts';
import { seldon } from './seldon/protocol.ts';
import { tensorflow } from './tensorflow/protocol.ts';
import { v2 } from './v2/protocol.ts';

export const protocols: Readonly<Record<ProtocolName, Protocol>> = { seldon, tensorflow, v2 };
