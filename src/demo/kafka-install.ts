/**
 * Fetches Apache Kafka from Maven Central, once, into a cache outside the work tree.
 *
 * The cache folder appears whole or not at all: jars are collected in a folder beside it, which is
 * then renamed. Of two processes that do this at once, the later one takes the other's folder.
 */

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { runProgram } from './programs.ts';

export const kafkaVersion = '4.3.1';

/** What a server needs before it can run here; the message names the packages to install. */
export class ProgramMissingError extends Error {
  override readonly name = 'ProgramMissingError';
}

export interface InstallKafkaOptions {
  /** Where the jars are kept; its folder is made. */
  readonly cacheDir: string;
  /** Takes a line of progress, only where something has to be downloaded. */
  readonly say: (line: string) => void;
}

/** The cache folder for a given `XDG_CACHE_HOME` (which this module does not look up itself). */
export function kafkaCacheDir(cacheHome?: string): string {
  return join(cacheHome || join(homedir(), '.cache'), 'seldon-eventing', `kafka-${kafkaVersion}`);
}

/** Makes sure that Java and Kafka's jars are there; returns the folder of the jars. */
export async function installKafka({ cacheDir, say }: InstallKafkaOptions): Promise<string> {
  await checkJava();
  if (!isInstalled(cacheDir)) await fetchJars(cacheDir, say);
  return cacheDir;
}

const isInstalled = (dir: string) => existsSync(join(dir, `kafka_2.13-${kafkaVersion}.jar`));

async function fetchJars(cacheDir: string, say: (line: string) => void): Promise<void> {
  await requireProgram('mvn', 'maven');
  say(`fetching Apache Kafka ${kafkaVersion} (44 MB, once) into ${cacheDir}`);
  await mkdir(dirname(cacheDir), { recursive: true });
  const work = await mkdtemp(`${cacheDir}.partial-`);
  try {
    const jars = join(work, 'jars');
    await copyJars(work, jars, say);
    await rename(jars, cacheDir).catch((error: unknown) => {
      if (!isInstalled(cacheDir)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  say(`Apache Kafka ${kafkaVersion} is ready`);
}

async function copyJars(work: string, jars: string, say: (line: string) => void): Promise<void> {
  const pomFile = join(work, 'pom.xml');
  await writeFile(pomFile, pom);
  const lines: string[] = [];
  const args = ['-B', '-f', pomFile, copyGoal, `-DoutputDirectory=${jars}`];
  const exit = await runProgram('mvn', [...args, '-DincludeScope=runtime'], (line) => {
    lines.push(line);
    const [, jar, size] = downloadedJar.exec(line) ?? [];
    if (jar !== undefined) say(`fetched ${jar} (${size})`);
  });
  if (exit.code === 0 && isInstalled(jars)) return;
  const errors = lines.filter((line) => line.startsWith('[ERROR]')).slice(0, 5);
  const shown = errors.length > 0 ? errors : lines.slice(-5);
  throw new Error(`Maven could not fetch Apache Kafka:\n${shown.join('\n')}`);
}

/** Only jars of a megabyte and more are worth a line. */
const downloadedJar = /^\[INFO\] Downloaded from \S+ \S+\/([^/\s]+\.jar) \(([\d.]+ MB)/;

const copyGoal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>seldon-eventing</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`;

async function checkJava(): Promise<void> {
  const lines = await requireProgram('java', 'openjdk-17-jre-headless');
  const [, major = ''] = /version "(\d+)/.exec(lines) ?? [];
  if (Number(major) >= 17) return;
  throw new ProgramMissingError(
    `Apache Kafka ${kafkaVersion} needs Java 17 or later, found ${major || 'none'}: ` +
      'apt-get install openjdk-17-jre-headless',
  );
}

/** What the program says to `-version`; throws where it is not there. */
async function requireProgram(name: string, debianPackage: string): Promise<string> {
  const lines: string[] = [];
  const exit = await runProgram(name, ['-version'], (line) => lines.push(line)).catch(() => null);
  if (exit?.code === 0) return lines.join('\n');
  throw new ProgramMissingError(
    `Apache Kafka needs ${name}, which is missing here: apt-get install ${debianPackage}`,
  );
}
