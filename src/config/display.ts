/** The settings of the `display` command. */

import { httpSettings } from './http.ts';

const { httpHost, httpPort, maxBodyBytes } = httpSettings;

export const displaySettings = { httpHost, httpPort, maxBodyBytes };
