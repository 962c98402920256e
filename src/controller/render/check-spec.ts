/** Whether a SeldonDeployment's predictors are ones that can be made, and fit each other. */

import {
  endpointTypes,
  protocolOf,
  protocols,
  serverTypeOf,
  serverTypes,
  transportOf,
  transports,
} from './call-style.ts';
import type { Finding } from './finding.ts';
import { isDnsLabel, isServiceName, maxNameLength, predictorService } from './names.ts';
import { checkResponseSources } from './response-source.ts';
import type { Predictor, SeldonDeployment } from './seldon-deployment.ts';

const finding = (reason: string, message: string): Finding => ({ reason, message });

/** Everything but graphs and containers. */
export function checkSpec(sdep: SeldonDeployment): Finding[] {
  const { predictors } = sdep.spec;
  return [
    ...checkOwnNames(sdep),
    ...checkWords(sdep),
    ...(predictors.length > 0
      ? []
      : [finding('NoPredictors', 'spec.predictors: there are none; give at least one')]),
    ...predictors.flatMap((predictor, i) => checkPredictor(sdep, predictor, i)),
    ...checkTraffic(predictors),
    ...checkResponseSources(sdep),
  ];
}

/** What the API server would not have let through may still come from a file. */
function checkOwnNames({ metadata: { name, namespace } }: SeldonDeployment): Finding[] {
  const rule = 'must be of a–z, 0–9 and "-"; rename it';
  return [
    ...(name.length <= 253 && name.split('.').every(isDnsLabel) ? [] : [['name', name] as const]),
    ...(isDnsLabel(namespace) ? [] : [['namespace', namespace] as const]),
  ].map(([field, given]) =>
    finding('NameInvalid', `metadata.${field}: ${JSON.stringify(shorten(given))} ${rule}`),
  );
}

function checkWords(sdep: SeldonDeployment): Finding[] {
  const { protocol, transport = '', serverType } = sdep.spec;
  const unknown = (
    reason: string,
    field: string,
    given: string | undefined,
    words: readonly string[],
  ) =>
    finding(
      reason,
      `spec.${field}: unknown ${field} "${given}"; expected one of: ${words.join(', ')}`,
    );
  const found: Finding[] = [];
  if (protocolOf(sdep) === undefined) {
    found.push(unknown('ProtocolUnknown', 'protocol', protocol, protocols));
  }
  if (transport !== '' && !transports.some((word) => word === transport.toLowerCase())) {
    found.push(unknown('TransportUnknown', 'transport', transport, transports));
  }
  if (serverTypeOf(sdep) === undefined) {
    found.push(unknown('ServerTypeUnknown', 'serverType', serverType, serverTypes));
  }
  return found;
}

function checkPredictor(sdep: SeldonDeployment, predictor: Predictor, index: number): Finding[] {
  const field = `spec.predictors[${index}]`;
  return [
    ...checkNames(sdep, predictor, index),
    ...checkTransport(sdep, predictor, field),
    // Answering without the TLS that was asked for would be worse than not answering.
    ...(predictor.ssl !== undefined && !predictor.ssl.certSecretName
      ? [
          finding(
            'TlsSecretUnnamed',
            `${field}.ssl.certSecretName: names no Secret; name one with tls.crt and tls.key, or take ssl out`,
          ),
        ]
      : []),
  ];
}

function checkNames(sdep: SeldonDeployment, predictor: Predictor, index: number): Finding[] {
  const field = `spec.predictors[${index}]`;
  const { name } = predictor;
  if (!isDnsLabel(name)) {
    const rule = `must be at most ${maxNameLength} of a–z, 0–9 and "-"`;
    return [finding('NameInvalid', `${field}.name: "${shorten(name)}" ${rule}; rename it`)];
  }
  const first = sdep.spec.predictors.findIndex((other) => other.name === name);
  if (first !== index) {
    return [
      finding(
        'PredictorNameDuplicate',
        `${field}.name: "${name}" is the name of spec.predictors[${first}] too; rename one`,
      ),
    ];
  }
  const service = predictorService(sdep, predictor);
  if (isServiceName(service)) return [];
  const isGiven = predictor.annotations?.['seldon.io/svc-name'] !== undefined;
  const place = isGiven ? `${field}.annotations["seldon.io/svc-name"]` : 'metadata.name';
  const message = `${place}: the Service of predictor "${name}" would be "${shorten(service)}", but must be at most ${maxNameLength} of a–z, 0–9 and "-" and start with a letter; rename the SeldonDeployment, or name the Service by the annotation seldon.io/svc-name`;
  return [finding('NameInvalid', message)];
}

function checkTransport(sdep: SeldonDeployment, predictor: Predictor, field: string): Finding[] {
  const types = endpointTypes(predictor);
  const wrong = types.filter((type) => !transports.some((word) => word === type));
  if (wrong.length > 0) {
    const message = `${field}.graph: unknown endpoint.type ${wrong.map((type) => `"${shorten(type)}"`).join(', ')}; expected REST or GRPC`;
    return [finding('TransportUnknown', message)];
  }
  const transport = transportOf(sdep, predictor);
  if (transport === undefined || types.every((type) => type === transport)) return [];
  const message = `${field}.graph: endpoint.type differs from the transport ${transport}; a predictor has one: set spec.transport, and take endpoint.type out`;
  return [finding('TransportMixed', message)];
}

/** The weights of those whose answers count make up the whole, or there are none. */
function checkTraffic(predictors: readonly Predictor[]): Finding[] {
  const live = predictors.filter(({ shadow }) => shadow !== true);
  if (live.length === 0 && predictors.length > 0) {
    const message = 'spec.predictors: all are shadows, so none would answer; take shadow off one';
    return [finding('TrafficInvalid', message)];
  }
  const sum = live.reduce((total, { traffic = 0 }) => total + traffic, 0);
  // Unset weights of 0 and absent ones are the same to Seldon's API.
  if (sum === 100 || sum === 0) return [];
  const message = `spec.predictors: the traffic of those that are no shadows adds up to ${sum}; make it 100, or set none`;
  return [finding('TrafficInvalid', message)];
}

const shorten = (text: string): string =>
  text.length > maxNameLength ? `${text.slice(0, maxNameLength)}…` : text;
