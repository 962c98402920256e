/** Octets as the RFC prints them. */

import { Buffer } from 'node:buffer';

/** White space is left out. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
