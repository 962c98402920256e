/** Whether a Trigger's filter lets anything through that will be predicted. Hints only. */

import { errorType, eventSource, requestType, responseType } from '../../event/names.ts';
import { type Check, evidence, note, warning } from './check.ts';
import { at, list, record, records, text, texts, titleOf } from './reading.ts';
import type { Subject } from './subject.ts';
import type { SubjectTrigger } from './trigger.ts';

export function checkFilter({ trigger }: SubjectTrigger, subject: Subject): Check[] {
  const title = titleOf('Trigger', trigger);
  const { field, exact, isEmpty } = readFilter(record(at(trigger, 'spec')));
  if (isEmpty) {
    const told = `${title} has no filter: every event comes; the adapter leaves its own replies alone, so nothing loops`;
    return [note('trigger-filter', told)];
  }
  const identity = { sdep: subject.name, namespace: subject.namespace, predictor: '' };
  const request = requestType(identity);
  const shown = { evidence: [evidence(title, field, exact)] };
  const { type, source } = exact;
  const isOwn = type === responseType(identity) || type === errorType(identity);
  if (isOwn || source === eventSource(identity)) {
    const told = `${title} lets through nothing but the SeldonDeployment's own replies, which are never predicted`;
    return [
      warning('trigger-filter', told, `filter by the type of the requests: ${request}`, shown),
    ];
  }
  const taken = typesTaken(subject);
  if (type !== undefined && taken !== undefined && !taken.includes(type)) {
    const told = `${title} lets through type "${type}", which EVENT_TYPES of the adapter does not have`;
    return [warning('trigger-filter', told, 'add it to EVENT_TYPES, or correct the filter', shown)];
  }
  if (type !== undefined && type !== request && /^seldon\..*\.request$/.test(type)) {
    const told = `${title} lets through the requests of another SeldonDeployment, "${type}"`;
    const todo = `if that is not meant, filter by ${request}`;
    return [warning('trigger-filter', told, todo, shown)];
  }
  return [];
}

interface ReadFilter {
  readonly field: string;
  /** Attributes that must be exactly so. */
  readonly exact: Readonly<Record<string, string>>;
  readonly isEmpty: boolean;
}

/** `filters`, where there are any, counts instead of `filter`; all of its members must let through. */
function readFilter(spec: Readonly<Record<string, unknown>>): ReadFilter {
  const filters = list(spec['filters']);
  if (filters.length > 0) {
    const all = records(filters).flatMap((member) => [member, ...records(member['all'])]);
    const exact = Object.assign({}, ...all.map((member) => texts(member['exact'])));
    return { field: 'spec.filters', exact, isEmpty: false };
  }
  // An empty value lets everything through.
  const attributes = Object.entries(texts(at(spec, 'filter', 'attributes'))).filter(
    ([, value]) => value !== '',
  );
  return {
    field: 'spec.filter.attributes',
    exact: Object.fromEntries(attributes),
    isEmpty: attributes.length === 0,
  };
}

/** The types of EVENT_TYPES of the first predictor; undefined where it is not known, or any are. */
function typesTaken({ resource }: Subject): string[] | undefined {
  const [first] = records(at(resource, 'spec', 'predictors'));
  const found = records(at(first, 'svcOrchSpec', 'env')).find(({ name }) => name === 'EVENT_TYPES');
  const value = text(found?.['value']);
  return value?.split(',').map((type) => type.trim());
}
