/** What the seldon protocol's routes take and answer, as OpenAPI 3, for tools that make clients. */

export interface DescribedDeployment {
  readonly sdep: string;
  readonly namespace: string;
}

const json = (schema: string) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
});
const answers = (schema: string) => ({
  200: { description: 'The answer of the model', content: json(schema) },
  default: { description: 'A failure, told in `status`', content: json('SeldonMessage') },
});
const modelParameter = {
  parameters: [{ name: 'model', in: 'path', required: true, schema: { type: 'string' } }],
};
const question = (summary: string, more: object = {}) => ({
  get: {
    summary,
    ...more,
    responses: {
      200: {
        description: 'The answer of the model',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
    },
  },
});
const prediction = {
  post: {
    summary: 'Predicts',
    requestBody: { required: true, content: json('SeldonMessage') },
    responses: answers('SeldonMessage'),
  },
};

/** Seldon's prediction.proto in JSON; exactly one kind of data stands in a message. */
const schemas = {
  SeldonMessage: {
    type: 'object',
    properties: {
      status: { $ref: '#/components/schemas/Status' },
      meta: { $ref: '#/components/schemas/Meta' },
      data: { $ref: '#/components/schemas/DefaultData' },
      binData: { type: 'string', format: 'byte' },
      strData: { type: 'string' },
      jsonData: {},
    },
  },
  DefaultData: {
    type: 'object',
    properties: {
      names: { type: 'array', items: { type: 'string' } },
      ndarray: { type: 'array', items: {} },
      tensor: {
        type: 'object',
        properties: {
          shape: { type: 'array', items: { type: 'integer' } },
          values: { type: 'array', items: { type: 'number' } },
        },
      },
      tftensor: { type: 'object' },
    },
  },
  Meta: {
    type: 'object',
    properties: {
      puid: { type: 'string' },
      tags: { type: 'object' },
      routing: { type: 'object', additionalProperties: { type: 'integer' } },
      requestPath: { type: 'object', additionalProperties: { type: 'string' } },
      metrics: { type: 'array', items: { type: 'object' } },
    },
  },
  Status: {
    type: 'object',
    properties: {
      code: { type: 'integer' },
      info: { type: 'string' },
      reason: { type: 'string' },
      status: { type: 'string', enum: ['SUCCESS', 'FAILURE'] },
    },
  },
};

/** @returns the document as JSON */
export const openApi = ({ sdep, namespace }: DescribedDeployment): string =>
  JSON.stringify({
    openapi: '3.0.3',
    info: { title: `${sdep} in ${namespace}`, version: '1.0' },
    // Also behind Seldon's ingress, which takes this prefix away.
    servers: [{ url: '/' }, { url: `/seldon/${namespace}/${sdep}` }],
    paths: {
      '/api/v1.0/predictions': prediction,
      '/api/v0.1/predictions': prediction,
      '/api/v1.0/status/{model}': question('Whether the model can predict', modelParameter),
      '/api/v1.0/metadata': question('Describes the graph'),
      '/api/v1.0/metadata/{model}': question('Describes the model', modelParameter),
    },
    components: { schemas },
  });
