import { expect, test } from 'vitest';
import { batchSettings } from '../../../src/config/batching.ts';
import { controllerSettings } from '../../../src/config/controller.ts';
import { demoSettings } from '../../../src/config/demo.ts';
import { displaySettings } from '../../../src/config/display.ts';
import { doctorSettings } from '../../../src/config/doctor.ts';
import { configurationDocument } from '../../../src/config/document.ts';
import { eventSettings } from '../../../src/config/events.ts';
import { drainSettings, httpSettings } from '../../../src/config/http.ts';
import { identitySettings } from '../../../src/config/identity.ts';
import { kafkaSettings } from '../../../src/config/kafka.ts';
import { overloadSettings } from '../../../src/config/overload.ts';
import { payloadLogSettings } from '../../../src/config/payload-log.ts';
import { predictorSettings } from '../../../src/config/predictor.ts';
import { processSettings } from '../../../src/config/process.ts';
import { produceSettings } from '../../../src/config/produce.ts';
import { renderSettings } from '../../../src/config/render.ts';
import { replaySettings } from '../../../src/config/replay.ts';
import { serverSecuritySettings } from '../../../src/config/server-security.ts';
import { sinkSettings } from '../../../src/config/sink.ts';
import { tracingSettings } from '../../../src/config/tracing.ts';

test('docs/configuration.md says what the settings are (npm run docs writes it anew)', async () => {
  const document = configurationDocument([
    { title: 'adapter: who we answer for', settings: identitySettings },
    { title: 'adapter: the predictor', settings: predictorSettings },
    { title: 'adapter: HTTP', settings: httpSettings },
    { title: 'adapter: HTTPS and who may call', settings: serverSecuritySettings },
    { title: 'adapter: overload', settings: overloadSettings },
    { title: 'adapter: shutting down', settings: drainSettings },
    { title: 'adapter: events', settings: eventSettings },
    {
      title: 'adapter: replies to a sink',
      intro: 'On when `K_SINK` is set.',
      settings: sinkSettings,
    },
    { title: 'adapter: micro-batching', settings: batchSettings },
    { title: 'adapter: payload logging', settings: payloadLogSettings },
    {
      title: 'adapter: Kafka',
      intro: 'On when `KAFKA_BROKER` and `KAFKA_INPUT_TOPIC` are set.',
      settings: kafkaSettings,
    },
    { title: 'adapter: the process', settings: processSettings },
    {
      title: 'adapter: traces',
      intro:
        "OpenTelemetry's own variables; off unless an endpoint or `OTEL_TRACES_EXPORTER=otlp` is set ([tracing.md](tracing.md)). Its SDK reads `OTEL_BSP_*`, `OTEL_SPAN_*`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `…_COMPRESSION` and `…_CERTIFICATE` from the environment by itself.",
      settings: tracingSettings,
    },
    { title: 'controller', settings: controllerSettings },
    { title: 'render', settings: renderSettings },
    { title: 'doctor', settings: doctorSettings },
    { title: 'demo', settings: demoSettings },
    { title: 'produce', settings: produceSettings },
    { title: 'replay', settings: replaySettings },
    { title: 'display', settings: displaySettings },
  ]);
  await expect(document).toMatchFileSnapshot('../../../docs/configuration.md');
});
