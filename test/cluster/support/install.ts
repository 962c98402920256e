/**
 * Knative Eventing's controllers and data plane, KEDA's operator and metrics adapter: built once,
 * from the Go modules in test/cluster/servers, into caches outside the work tree (go-build.ts).
 *
 * Knative's servers listen on every address, two of them on ports that cannot be chosen. They are
 * built from a copy of the module in which `LISTEN_HOST` says on which address. To subscribers over
 * TLS they connect by themselves, where plain HTTP goes through HTTP_PROXY; in the copy `TLS_PROXY`
 * names who connects them (CONNECT). What they trust, and as whom, stays theirs.
 */

import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../src/demo/programs.ts';
import { buildWithGo, isProgram } from '../../support/go-build.ts';

const kedaPackages = {
  'keda-operator': 'github.com/kedacore/keda/v2/cmd/operator',
  'keda-adapter': 'github.com/kedacore/keda/v2/cmd/adapter',
} as const;

const knativePackages = {
  'knative-controllers': 'seldon-eventing.test/knative-servers/knative-controllers',
  'broker-ingress': 'knative.dev/eventing/cmd/broker/ingress',
  'broker-filter': 'knative.dev/eventing/cmd/broker/filter',
  'channel-dispatcher': 'knative.dev/eventing/cmd/in_memory/channel_dispatcher',
  'request-reply': 'knative.dev/eventing/cmd/requestreply',
} as const;

export interface ClusterPrograms {
  readonly pathOf: (program: keyof typeof knativePackages | keyof typeof kedaPackages) => string;
  /** The folders of the modules, whose `config/` holds what a cluster is given. */
  readonly knativeDir: string;
  readonly kedaDir: string;
}

interface Suite {
  readonly moduleDir: string;
  /** The one whose programs are built. */
  readonly module: string;
  readonly name: string;
  readonly cacheName: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly packageCount: number;
  readonly duration: string;
  /** Of the module: what is changed before it is built, in which files. */
  readonly patch?: readonly Patch[];
}

interface Patch {
  readonly file: string;
  readonly replaced: readonly (readonly [string, string])[];
}

const folder = (name: string): string =>
  fileURLToPath(new URL(`../servers/${name}`, import.meta.url));

/** Reads no more than the answer's head: what follows it is the server's side of the handshake. */
const dialThroughProxy = `func dialThroughProxy(ctx context.Context, network_, addr string, config *tls.Config) (net.Conn, error) {
	proxy := os.Getenv("TLS_PROXY")
	if proxy == "" {
		return network.DialTLSWithBackOff(ctx, network_, addr, config)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", proxy)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n", addr, addr)
	answer, err := nethttp.ReadResponse(bufio.NewReader(conn), &nethttp.Request{Method: "CONNECT"})
	if err != nil || answer.StatusCode != 200 {
		conn.Close()
		return nil, fmt.Errorf("%s connects nobody to %s: %w", proxy, addr, err)
	}
	own := config.Clone()
	if own.ServerName == "" {
		own.ServerName, _, _ = net.SplitHostPort(addr)
	}
	encrypted := tls.Client(conn, own)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return encrypted, nil
}
`;

const knative: Suite = {
  moduleDir: folder('knative'),
  module: 'knative.dev/eventing',
  name: 'Knative Eventing',
  cacheName: 'knative',
  packages: knativePackages,
  packageCount: 1100,
  duration: '2 to 5 minutes',
  patch: [
    {
      file: 'pkg/kncloudevents/event_receiver.go',
      replaced: [
        ['"net/http"\n', '"net/http"\n\t"os"\n'],
        [
          'fmt.Sprintf(":%d", recv.desiredPort)',
          'net.JoinHostPort(os.Getenv("LISTEN_HOST"), strconv.Itoa(recv.desiredPort))',
        ],
      ],
    },
    {
      file: 'pkg/kncloudevents/http_client.go',
      replaced: [
        ['"context"\n', '"bufio"\n\t"context"\n\t"crypto/tls"\n'],
        ['"net/http"\n', '"net/http"\n\t"os"\n'],
        ['network.DialTLSWithBackOff(ctx, net, addr', 'dialThroughProxy(ctx, net, addr'],
        ['func DeleteAddressableHandler(', `${dialThroughProxy}\nfunc DeleteAddressableHandler(`],
      ],
    },
  ],
};

const keda: Suite = {
  moduleDir: folder('keda'),
  module: 'github.com/kedacore/keda/v2',
  name: 'KEDA',
  cacheName: 'keda',
  packages: kedaPackages,
  packageCount: 3500,
  duration: '7 to 15 minutes',
};

/**
 * Finds the programs, or builds them.
 *
 * @throws ProgramMissingError where Go is needed and not there
 */
export async function installClusterPrograms(
  say: (line: string) => void,
  cacheHome?: string,
): Promise<ClusterPrograms> {
  const root = join(cacheHome || join(homedir(), '.cache'), 'seldon-eventing');
  const knativePrograms = await install(knative, root, say);
  const kedaPrograms = await install(keda, root, say);
  return {
    pathOf: (program) => join(program in kedaPackages ? kedaPrograms : knativePrograms, program),
    knativeDir: await moduleFolder(knative),
    kedaDir: await moduleFolder(keda),
  };
}

/** @returns the folder of the programs */
async function install(suite: Suite, root: string, say: (line: string) => void): Promise<string> {
  const { moduleDir, module, name, cacheName, packages, patch } = suite;
  const goMod = await readFile(join(moduleDir, 'go.mod'), 'utf8');
  const version = goMod.split(`${module} `)[1]?.split(/\s/)[0] ?? '';
  // By the versions of all modules too, and by what is ours.
  const hash = createHash('sha256')
    .update(goMod)
    .update(JSON.stringify([packages, patch]));
  const cacheDir = join(root, `${cacheName}-${version}-${hash.digest('hex').slice(0, 8)}`);
  if (Object.keys(packages).every((program) => isProgram(join(cacheDir, program)))) return cacheDir;
  await mkdir(dirname(cacheDir), { recursive: true });
  const work = await mkdtemp(`${cacheDir}.sources-`);
  try {
    const modfile = patch && (await patchedModule(suite, patch, goMod, work));
    await buildWithGo({
      ...suite,
      cacheDir,
      programs: packages,
      flags: [...(modfile === undefined ? [] : [`-modfile=${modfile}`]), '-ldflags', '-s -w'],
      what: `${name} ${version}`,
      toldModules: /^(knative\.dev\/eventing|github\.com\/kedacore\/keda\/v2)$/,
      instead: '',
      say,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return cacheDir;
}

/** @returns a go.mod that takes the module from a patched copy */
async function patchedModule(
  suite: Suite,
  patches: readonly Patch[],
  goMod: string,
  work: string,
): Promise<string> {
  const copy = join(work, 'module');
  await cp(await moduleFolder(suite), copy, { recursive: true });
  const exit = await runProgram('chmod', ['-R', 'u+w', copy], () => undefined);
  if (exit.code !== 0) throw new Error(`the copy of ${suite.module} in ${copy} is read-only`);
  for (const patch of patches) {
    const file = join(copy, patch.file);
    let text = await readFile(file, 'utf8');
    for (const [before, after] of patch.replaced) {
      if (!text.includes(before))
        throw new Error(`${suite.module}: ${patch.file} has no ${before}`);
      text = text.replace(before, () => after);
    }
    await writeFile(file, text);
  }
  const modfile = join(work, 'go.mod');
  await writeFile(modfile, `${goMod}\nreplace ${suite.module} => ${copy}\n`);
  await cp(join(suite.moduleDir, 'go.sum'), join(work, 'go.sum'));
  return modfile;
}

/** Downloads the module where it is not there yet. */
async function moduleFolder({ moduleDir, module }: Suite): Promise<string> {
  const lines: string[] = [];
  const go = ['GOWORK=off', 'go', '-C', moduleDir];
  await runProgram('env', [...go, 'mod', 'download', module], () => undefined);
  const list = [...go, 'list', '-m', '-f', '{{.Dir}}', module];
  const exit = await runProgram('env', list, (line) => lines.push(line));
  const dir = lines.find((line) => line.startsWith('/'));
  if (exit.code === 0 && dir !== undefined) return dir;
  throw new Error(`Go cannot find the module ${module}:\n${lines.join('\n')}`);
}
