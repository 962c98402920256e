/** Who we answer for. */

import { kubernetesName, type SettingGroup } from './setting.ts';

export const identitySettings = {
  sdep: {
    env: 'SELDON_DEPLOYMENT_ID',
    flags: ['sdep'],
    schema: kubernetesName,
    required: true,
    doc: 'Name of the SeldonDeployment: part of the types and sources of all events.',
  },
  namespace: {
    env: 'SELDON_NAMESPACE',
    aliases: ['POD_NAMESPACE'],
    flags: ['namespace'],
    schema: kubernetesName,
    fallback: 'default',
    doc: "The SeldonDeployment's namespace.",
  },
  predictor: {
    env: 'PREDICTOR_ID',
    flags: ['predictor'],
    schema: kubernetesName,
    fallback: 'default',
    doc: 'Name of the predictor: reply ids and the consumer group follow from it.',
  },
} as const satisfies SettingGroup;
