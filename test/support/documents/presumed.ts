/** What the documents' readers have beside the repository. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../certificates.ts';
import { repository } from './blocks.ts';

/** A SeldonDeployment of theirs, and certificates. */
export function presumedFiles(): Readonly<Record<string, string>> {
  const authority = createAuthority('documents');
  const { certPem, keyPem } = authority.issue({ name: 'reader' });
  return {
    'my-seldondeployment.yaml': readFileSync(
      join(repository, 'test/fixtures/sdep/iris.yaml'),
      'utf8',
    ),
    'ca.crt': authority.certPem,
    'tls.crt': certPem,
    'tls.key': keyPem,
  };
}
