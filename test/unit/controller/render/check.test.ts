import { describe, expect, it } from 'vitest';
import { predictorWith, renderResource, resourceWith, told } from './render-case.ts';

const problemsOf = (predictors: unknown, spec: object = {}): string[] =>
  told(renderResource(resourceWith(predictors, spec)).problems);

const problemsOfGraph = (graph: object, parts: object = {}): string[] =>
  problemsOf([predictorWith({ graph, ...parts })]);

const model = { name: 'model' };
const hosted = (name: string, more: object = {}) => ({
  name,
  endpoint: { service_host: `${name}.example.com`, service_port: 80 },
  ...more,
});
const named = (name: string, more: object = {}) => predictorWith({ name, ...more });

describe('a SeldonDeployment is refused', () => {
  it('for words that mean nothing, all of them at once', () => {
    const words = { protocol: 'grpc', transport: 'kafka', serverType: 'rest' };
    expect(problemsOf([predictorWith()], words)).toEqual([
      'ProtocolUnknown spec.protocol: unknown protocol "grpc"; expected one of: seldon, tensorflow, v2',
      'TransportUnknown spec.transport: unknown transport "kafka"; expected one of: rest, grpc',
      'ServerTypeUnknown spec.serverType: unknown serverType "rest"; expected one of: rpc, kafka',
    ]);
    expect(problemsOf([predictorWith()], { protocol: 'KFServing', transport: '' })).toEqual([]);
  });

  it('without predictors', () => {
    expect(problemsOf([])).toEqual([
      'NoPredictors spec.predictors: there are none; give at least one',
    ]);
  });

  it('for names that Kubernetes, or another predictor, does not leave to it', () => {
    expect(problemsOf([named('a'), named('b'), named('a')])).toEqual([
      'PredictorNameDuplicate spec.predictors[2].name: "a" is the name of spec.predictors[0] too; rename one',
    ]);
    expect(problemsOf([named('A_b')])[0]).toMatch(
      /^NameInvalid spec\.predictors\[0\]\.name: "A_b"/,
    );
    expect(problemsOf([named('x'.repeat(64))])[0]).toMatch(/^NameInvalid .*at most 63/);
    const service = { annotations: { 'seldon.io/svc-name': '9lives' } };
    expect(problemsOf([predictorWith(service)])[0]).toMatch(
      /^NameInvalid spec\.predictors\[0\]\.annotations\["seldon\.io\/svc-name"\]: .*"9lives"/,
    );
    const dotted = { ...resourceWith([predictorWith()]), metadata: { name: 'iris.v1' } };
    expect(told(renderResource(dotted).problems)[0]).toMatch(
      /^NameInvalid metadata\.name: .*seldon/,
    );
    const same = { annotations: { 'seldon.io/svc-name': 'one' } };
    expect(problemsOf([named('a', same), named('b', same)])).toEqual([
      'NameTaken spec.predictors: two of them come to the same Service "one"; rename a predictor, a graph node, or a Service by the annotation seldon.io/svc-name',
    ]);
  });

  it.each(['', 'seldon iris', 'a#b#c', 'seldon.é'])(
    'for a source of replies that no event can have: %j',
    (source) => {
      const annotations = { 'seldon-eventing.io/response-source': source };
      const resource = { ...resourceWith([predictorWith({ annotations })], { annotations }) };
      expect(told(renderResource(resource).problems)).toEqual([
        `ResponseSourceInvalid spec.annotations["seldon-eventing.io/response-source"]: ${JSON.stringify(source)} is no URI reference, which the source of an event must be; write one such as seldon.iris`,
        `ResponseSourceInvalid spec.predictors[0].annotations["seldon-eventing.io/response-source"]: ${JSON.stringify(source)} is no URI reference, which the source of an event must be; write one such as seldon.iris`,
      ]);
    },
  );

  it('for weights that do not make up a whole', () => {
    const weights = (...traffic: number[]) => traffic.map((w, i) => named(`p${i}`, { traffic: w }));
    expect(problemsOf(weights(75, 20))[0]).toMatch(/^TrafficInvalid .*adds up to 95; make it 100/);
    expect(problemsOf(weights(60))[0]).toMatch(/^TrafficInvalid/);
    expect(problemsOf([...weights(100), named('s', { shadow: true, traffic: 50 })])).toEqual([]);
    expect(problemsOf([named('s', { shadow: true })])[0]).toMatch(
      /^TrafficInvalid .*all are shadows/,
    );
    expect(problemsOf([named('a'), named('b')])).toEqual([]);
  });

  it('for settings of nodes that its adapter could not read', () => {
    const ab = {
      name: 'ab',
      implementation: 'RANDOM_ABTEST',
      parameters: [{ name: 'ratioA', value: '1.5', type: 'FLOAT' }],
      children: [
        hosted('a', { logger: { mode: 'loud', url: 'ftp://sink' } }),
        { name: 's', implementation: 'SIMPLE_MODEL' },
      ],
    };
    expect(problemsOfGraph(ab)).toEqual([
      expect.stringContaining('graph.parameters: ratioA is "1.5"; give a number from 0 to 1'),
      expect.stringContaining('children[0].logger.mode: unknown "loud"'),
      expect.stringContaining('children[0].logger.url: is no http:// or https:// URL'),
    ]);
    const good = { ...ab, parameters: [], children: [hosted('a'), ab.children[1]] };
    expect(problemsOf([predictorWith({ graph: good })], { protocol: 'v2' })).toEqual([
      expect.stringMatching(/^ProtocolNotServed .*SIMPLE_MODEL does not speak the v2 protocol/),
    ]);
    const lonely = hosted('r', { type: 'UNKNOWN_TYPE', methods: ['ROUTE'] });
    expect(problemsOfGraph(lonely)).toEqual([
      expect.stringContaining('a ROUTER needs at least one child'),
    ]);
    expect(problemsOfGraph(hosted('m', { logger: { mode: 'All' } }))).toEqual([]);
  });

  it('for nodes that its protocol has no call for over gRPC', () => {
    const router = hosted('r', { type: 'ROUTER', children: [hosted('a')] });
    const graph = hosted('c', { methods: ['AGGREGATE'], children: [router] });
    const of = (spec: object) => problemsOf([predictorWith({ graph })], spec);
    for (const protocol of ['v2', 'tensorflow']) {
      expect(of({ protocol, transport: 'grpc' })).toEqual([
        expect.stringMatching(/^ProtocolNotServed .*graph: .*no call over gRPC for a COMBINER/),
        expect.stringMatching(
          /^ProtocolNotServed .*children\[0\]: .*no call over gRPC for a ROUTER/,
        ),
      ]);
      expect(of({ protocol, transport: 'rest' })).toEqual([]);
    }
    expect(of({ transport: 'grpc' })).toEqual([]);
  });

  it('for endpoints of another transport than its own', () => {
    const graph = { ...model, endpoint: { type: 'GRPC' } };
    expect(problemsOf([predictorWith({ graph })], { transport: 'rest' })[0]).toMatch(
      /^TransportMixed spec\.predictors\[0\]\.graph: /,
    );
    expect(problemsOf([predictorWith({ graph })])).toEqual([]);
    const mixed = { ...graph, children: [hosted('other', { endpoint: { type: 'REST' } })] };
    expect(problemsOfGraph(mixed).join()).toMatch(/TransportMixed/);
    expect(problemsOfGraph({ ...model, endpoint: { type: 'SOAP' } })[0]).toMatch(
      /^TransportUnknown .*"soap"; expected REST or GRPC/,
    );
  });

  it('that asks for TLS by `ssl` without a Secret, rather than served without', () => {
    expect(problemsOf([predictorWith({ ssl: {} })])[0]).toMatch(
      /^TlsSecretUnnamed spec\.predictors\[0\]\.ssl\.certSecretName: /,
    );
    expect(problemsOf([predictorWith({ ssl: { certSecretName: 'tls' } })])).toEqual([]);
  });
});

describe('a graph is refused', () => {
  it('for all its faults at once, each where it is', () => {
    const graph = {
      name: 'root',
      type: 'ROUTER',
      children: [
        { ...model, type: 'MODLE', methods: ['PREDICT'] },
        { ...model, type: 'UNKNOWN_TYPE' },
        { name: 'server', implementation: 'SKLEARN_SERVER' },
        { name: 'custom', implementation: 'MY_SERVER', modelUri: 'gs://a' },
        { name: 'ab', implementation: 'RANDOM_ABTEST', children: [hosted('a')] },
        { name: 'mean', type: 'COMBINER' },
      ],
    };
    const at = 'spec.predictors[0].graph';
    expect(problemsOfGraph(graph)).toEqual([
      `GraphInvalid ${at}: "root" runs nowhere: no container of componentSpecs has its name; add one, or an implementation, or endpoint.service_host and endpoint.service_port`,
      `GraphInvalid ${at}.children[0].type: unknown "MODLE"; expected one of: UNKNOWN_TYPE, ROUTER, COMBINER, MODEL, TRANSFORMER, OUTPUT_TRANSFORMER`,
      `GraphInvalid ${at}.children[0].methods[0]: unknown "PREDICT"; expected one of: TRANSFORM_INPUT, TRANSFORM_OUTPUT, ROUTE, AGGREGATE, SEND_FEEDBACK`,
      `GraphInvalid ${at}.children[1].name: "model" is the name of ${at}.children[0] too; rename one`,
      `GraphInvalid ${at}.children[1].type: UNKNOWN_TYPE does nothing; give a type, or the methods that it has`,
      `ModelUriMissing ${at}.children[2].modelUri: SKLEARN_SERVER needs the place of its model, such as gs://bucket/path or pvc://claim/path`,
      `GraphInvalid ${at}.children[3].implementation: unknown "MY_SERVER"; expected one of: SIMPLE_MODEL, SIMPLE_ROUTER, RANDOM_ABTEST, AVERAGE_COMBINER, SKLEARN_SERVER, XGBOOST_SERVER, MLFLOW_SERVER, TENSORFLOW_SERVER, TRITON_SERVER`,
      `GraphInvalid ${at}.children[4].children: RANDOM_ABTEST chooses between 2, found 1`,
      `GraphInvalid ${at}.children[5].children: a COMBINER needs at least one child; add one, or change it`,
      `GraphInvalid ${at}.children[5]: "mean" runs nowhere: no container of componentSpecs has its name; add one, or an implementation, or endpoint.service_host and endpoint.service_port`,
    ]);
  });

  it('for node names that no path can have, and that of the adapter', () => {
    for (const name of ['a b', 'a/b', '../x', '\ud800', 'seldon-container-engine']) {
      expect(problemsOfGraph(hosted(name))[0]).toMatch(/^NameInvalid spec\.predictors\[0\]\.graph/);
    }
    const server = { name: 'My_Model', implementation: 'SKLEARN_SERVER', modelUri: 'gs://a' };
    expect(problemsOfGraph(server)[0]).toMatch(/^NameInvalid .*becomes a container's name/);
  });

  it.each([
    ['tensorflow', 'SKLEARN_SERVER'],
    ['seldon', 'TRITON_SERVER'],
    ['v2', 'TENSORFLOW_SERVER'],
  ])('for a server that does not speak its protocol: %s, %s', (protocol, implementation) => {
    const graph = { name: 'm', implementation, modelUri: 'gs://a' };
    expect(problemsOf([{ name: 'p', graph }], { protocol })).toEqual([
      `ProtocolNotServed spec.predictors[0].graph.implementation: ${implementation} does not speak the ${protocol} protocol; change spec.protocol`,
    ]);
  });

  it('for a persistent volume without a name', () => {
    const graph = { name: 'm', implementation: 'SKLEARN_SERVER', modelUri: 'pvc:///iris' };
    expect(problemsOf([{ name: 'p', graph }])[0]).toMatch(/^ModelUriMissing/);
  });

  it('that makes a variable longer than a container can start with', () => {
    const url = `http://${'x'.repeat(100_000)}`;
    expect(problemsOfGraph({ ...model, logger: { url } })[0]).toMatch(
      /^VariableTooLong .*ENGINE_PREDICTOR of predictor "default"/,
    );
  });
});

describe('containers are refused', () => {
  const place = 'spec.predictors[0].componentSpecs';

  it('that are there twice', () => {
    const twice = {
      spec: {
        containers: [
          { ...model, image: 'a' },
          { ...model, image: 'b' },
        ],
      },
    };
    expect(problemsOf([predictorWith({ componentSpecs: [twice] })])).toEqual([
      `ContainerNameDuplicate ${place}[0].spec.containers[1].name: "model" is the name of ${place}[0].spec.containers[0] too; rename one`,
    ]);
    const sidecar = { name: 'proxy', image: 'p' };
    const both = [{ spec: { containers: [{ ...model, image: 'a' }, sidecar] } }];
    const more = { spec: { containers: [{ name: 'other', image: 'o' }, sidecar] } };
    expect(problemsOf([predictorWith({ componentSpecs: [...both, more] })])).toEqual([]);
  });

  it('without an image, and components without containers', () => {
    const componentSpecs = [{ spec: { containers: [model] } }, {}];
    expect(problemsOf([predictorWith({ componentSpecs })])).toEqual([
      `ImageMissing ${place}[0].spec.containers[0].image: "model" has none; set it`,
      `ComponentEmpty ${place}[1].spec.containers: there are none; add those of graph nodes, or take the component out`,
    ]);
  });

  it('that take a port of the adapter beside them', () => {
    const ports = [{ name: 'http', containerPort: 8000 }];
    expect(problemsOf([predictorWith({}, { ports })])).toEqual([
      `PortTaken ${place}[0].spec.containers[0].ports[0].containerPort: 8000 is the adapter's in this pod; use another`,
    ]);
  });

  it('whose servers cannot share a pod', () => {
    const server = (name: string, more: object) => ({ name, modelUri: 'gs://a', ...more });
    const graph = {
      name: 'mean',
      implementation: 'AVERAGE_COMBINER',
      children: [
        server('a', { implementation: 'TENSORFLOW_SERVER', serviceAccountName: 'one' }),
        server('b', { implementation: 'TENSORFLOW_SERVER', serviceAccountName: 'two' }),
      ],
    };
    expect(problemsOf([{ name: 'p', graph }]).map((text) => text.split(' ')[0])).toEqual([
      'ServiceAccountConflict',
      'ServerConflict',
    ]);
  });

  it('whose HPA has no upper end', () => {
    const hpa = (hpaSpec: object) => problemsOf([predictorWith({}, {}, { hpaSpec })]);
    expect(hpa({})).toEqual([`HpaInvalid ${place}[0].hpaSpec.maxReplicas: is missing; set it`]);
    expect(hpa({ minReplicas: 3, maxReplicas: 2 })[0]).toMatch(
      /^HpaInvalid .*below minReplicas, 3/,
    );
  });
});

describe('where Kafka or KEDA find a problem', () => {
  it('nothing is made either', () => {
    expect(problemsOf([predictorWith()], { serverType: 'kafka' })[0]).toMatch(
      /^KafkaSettingMissing/,
    );
    const noTriggers = { kedaSpec: {} };
    expect(problemsOf([predictorWith({}, {}, noTriggers)])).not.toEqual([]);
  });
});
