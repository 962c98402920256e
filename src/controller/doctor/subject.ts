/** What a SeldonDeployment says that the rest of the chain is to be held against. */

import type { PlainObject } from '../render/canonical.ts';
import type { Finding } from '../render/finding.ts';
import { type Environment, environmentOf } from '../render/kafka-environment.ts';
import { type KafkaSettings, kafkaSettingsOf } from '../render/kafka-settings.ts';
import type { Manifest } from '../render/manifest.ts';
import { deploymentId } from '../render/names.ts';
import { parseSeldonDeployment } from '../render/parse.ts';
import { referencesOf } from '../render/references.ts';
import { render } from '../render/render.ts';
import type { Address, Reference, Rendered, RenderSettings } from '../render/rendered.ts';
import type { SeldonDeployment } from '../render/seldon-deployment.ts';
import { at, conditionsOf, records, text, urlOf } from './reading.ts';

export interface KafkaPredictor {
  readonly name: string;
  readonly settings: KafkaSettings;
  readonly environment: Environment;
  /** The Deployment whose adapter this is; undefined where it is not made yet. */
  readonly deployment: string | undefined;
}

/** An address of the status. */
export interface StatusAddress {
  readonly name: string | undefined;
  readonly url: string;
  readonly field: string;
}

/** A Service of the cluster, as an address names it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

export interface Subject {
  readonly namespace: string;
  readonly name: string;
  readonly resource: PlainObject;
  /** Undefined where it does not parse. */
  readonly sdep: SeldonDeployment | undefined;
  /** Which of our controllers, if any, has written conditions. */
  readonly mode: 'managed' | 'attached' | undefined;
  /** Every address of the status; the first is the one that Knative takes. */
  readonly addresses: readonly StatusAddress[];
  /** What is to be made of it; nothing where it does not come to anything. */
  readonly objects: readonly Manifest[];
  readonly wantedAddresses: readonly Address[];
  readonly problems: readonly Finding[];
  readonly references: readonly Reference[];
  /** The value of the label `seldon-deployment-id` of its pods. */
  readonly podLabel: string;
  readonly kafka: readonly KafkaPredictor[];
}

/** It never throws, whatever the resource looks like. */
export function subjectOf(
  namespace: string,
  name: string,
  resource: PlainObject,
  settings: RenderSettings,
): Subject {
  const parsed = parseSeldonDeployment(resource);
  const sdep = parsed.ok ? parsed.sdep : undefined;
  const rendered = sdep && render(sdep, settings);
  const types = new Set(conditionsOf(resource).map(({ type }) => type));
  return {
    namespace,
    name,
    resource,
    sdep,
    mode: types.has('Accepted') ? 'managed' : types.has('Addressable') ? 'attached' : undefined,
    addresses: statusAddresses(resource),
    objects: rendered?.objects ?? [],
    wantedAddresses: rendered?.addresses ?? [],
    problems: rendered?.problems ?? (parsed.ok ? [] : parsed.problems),
    references: referencesIn(sdep, rendered),
    podLabel: sdep === undefined ? name : deploymentId(sdep),
    kafka:
      sdep?.spec.predictors.flatMap((predictor) => {
        const found = kafkaSettingsOf(sdep, predictor);
        const environment = environmentOf(predictor);
        if (found === undefined) return [];
        return [{ name: predictor.name, settings: found, environment, deployment: undefined }];
      }) ?? [],
  };
}

/** Of what does not come to anything here, since the controller knows more (KAFKA_DEFAULTS), too. */
function referencesIn(
  sdep: SeldonDeployment | undefined,
  rendered: Rendered | undefined,
): readonly Reference[] {
  if (sdep === undefined || rendered === undefined) return [];
  return rendered.problems.length === 0 ? rendered.references : referencesOf(sdep);
}

/** As Knative reads them: `addresses` where there are any, else `address`. */
function statusAddresses(resource: PlainObject): StatusAddress[] {
  const named = records(at(resource, 'status', 'addresses')).flatMap((entry, i) => {
    const url = text(entry['url']);
    const field = `status.addresses[${i}].url`;
    return url === undefined ? [] : [{ name: text(entry['name']), url, field }];
  });
  if (named.length > 0) return named;
  const url = text(at(resource, 'status', 'address', 'url'));
  return url === undefined ? [] : [{ name: undefined, url, field: 'status.address.url' }];
}

/** The Service that an address leads to; undefined where it leads out of the cluster. */
export function serviceOf(address: string): ServiceName | undefined {
  const url = urlOf(address);
  const [name, namespace, svc] = (url?.hostname ?? '').split('.');
  if (url === undefined || !name || !namespace || svc !== 'svc') return undefined;
  const usual = url.protocol === 'https:' ? 443 : 80;
  return { name, namespace, port: url.port === '' ? usual : Number(url.port) };
}

export const keyOf = ({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): string => `${namespace}/${name}`;
