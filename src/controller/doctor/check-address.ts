/** The addresses of the status: there, and those of the Services that are to be. */

import { type Check, evidence, fault, fine, warning } from './check.ts';
import { at, text, urlOf } from './reading.ts';
import { keyOf, type StatusAddress, type Subject, serviceOf } from './subject.ts';

const controllerTodo =
  'see that the controller runs, and for another writer of the status; it writes the address again by itself';

export function checkAddress(subject: Subject): Check[] {
  const { addresses, namespace, name } = subject;
  const title = `SeldonDeployment ${namespace}/${name}`;
  const [first] = addresses;
  const follows = ['accepted', 'observed', 'lease', 'contested'] as const;
  if (first === undefined) {
    const told = 'it has no address: status.address.url is not set';
    const shown = { evidence: [evidence(title, 'status.address', 'not set')], follows };
    return [fault('address', told, controllerTodo, shown)];
  }
  const problems = addresses.flatMap((address) => unusable(address, subject));
  const shown = {
    evidence: addresses.map(({ field, url }) => evidence(title, field, url)),
    follows,
  };
  if (problems.length > 0) return [fault('address', problems.join('; '), controllerTodo, shown)];
  const names = addresses.flatMap((address) => address.name ?? []);
  const told = `its address is ${first.url}`;
  return [
    fine('address', names.length > 1 ? `${told}; named: ${names.join(', ')}` : told, shown),
    ...disagreement(subject, first, title),
  ];
}

function unusable({ url, field, name }: StatusAddress, subject: Subject): string[] {
  const parsed = urlOf(url);
  if (parsed === undefined || parsed.hostname === '') return [`${field} is no URL: ${url}`];
  const wanted =
    name === undefined
      ? subject.wantedAddresses[0]
      : subject.wantedAddresses.find((address) => address.name === name);
  if (wanted === undefined) {
    const isStray = name !== undefined && subject.wantedAddresses.length > 0;
    return isStray ? [`${field} is of a predictor "${name}" that there is not`] : [];
  }
  const [found, meant] = [serviceOf(url), serviceOf(wanted.url)];
  if (meant === undefined || (found !== undefined && keyOf(found) === keyOf(meant))) return [];
  return [`${field} leads to ${parsed.host}, not to the Service ${keyOf(meant)}`];
}

/** Old readers, and people, read `address`, where Knative reads `addresses`. */
function disagreement({ resource }: Subject, first: StatusAddress, title: string): Check[] {
  const url = text(at(resource, 'status', 'address', 'url'));
  if (url === first.url) return [];
  const told = 'status.address.url and the first of status.addresses differ';
  return [
    warning('address', told, controllerTodo, {
      evidence: [
        evidence(title, 'status.address.url', url ?? 'not set'),
        evidence(title, first.field, first.url),
      ],
    }),
  ];
}
