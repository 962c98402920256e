/** All settings of the `adapter` command, by their groups. */

import { batchSettings } from './batching.ts';
import { duplicateSettings } from './duplicates.ts';
import { eventSettings } from './events.ts';
import { drainSettings, httpSettings } from './http.ts';
import { identitySettings } from './identity.ts';
import { kafkaSettings } from './kafka.ts';
import { overloadSettings } from './overload.ts';
import { payloadLogSettings } from './payload-log.ts';
import { predictorSettings } from './predictor.ts';
import { processSettings } from './process.ts';
import { repeatableSettings } from './repeatable.ts';
import { serverSecuritySettings } from './server-security.ts';
import type { ValuesOf } from './setting.ts';
import { sinkSettings } from './sink.ts';
import { tracingSettings } from './tracing.ts';

export const adapterSettings = {
  ...identitySettings,
  ...predictorSettings,
  ...repeatableSettings,
  ...httpSettings,
  ...serverSecuritySettings,
  ...overloadSettings,
  ...drainSettings,
  ...eventSettings,
  ...duplicateSettings,
  ...sinkSettings,
  ...batchSettings,
  ...payloadLogSettings,
  ...kafkaSettings,
  ...processSettings,
  ...tracingSettings,
};

export type AdapterValues = ValuesOf<typeof adapterSettings>;
