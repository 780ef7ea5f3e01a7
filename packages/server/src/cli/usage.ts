import { readFileSync } from 'node:fs';
import { parseJsonText } from '@poorter/openapi/json';

export const usage = `Usage: poorter COMMAND

  serve [OPENAPI --upstream URL | --config poorter.yaml]   put a gate in front of an API
  check [OPENAPI | --config poorter.yaml]                  read everything, say what is wrong, serve nothing
  keys create|list|show|rotate|revoke|leaked               API keys
  blocks add|list|undo                                     who is refused for a time
  gateways list|remove                                     gateways on other machines
  operators create|list|revoke                             who may administer
  subjects erase                                           the right to be forgotten
  log tail|search|show|verify|prove|export                 what happened, and the proof of it
  backup --out FILE                                        everything, in one sealed file, while it runs
  restore FILE                                             a data directory from a backup
  master-key rotate --to TEXT                              another master key, without downtime
  scan PATH | --git                                        keys and other secrets in a tree or its history
  apply [DIGEST]                                           put a weaker configuration in force that waits
  status                                                   what is in force, what asks for attention
  version

Every command explains itself with --help.
`;

export const serveUsage = `Usage: poorter serve OPENAPI --upstream URL [options]
       poorter serve --config poorter.yaml [options]

  --upstream URL      the service behind the gate
  --listen HOST:PORT  where callers connect          (default 127.0.0.1:8080)
  --control HOST:PORT health and metrics             (default 127.0.0.1:9090)
  --data DIR          data directory                 (default ./poorter-data)
  --keys FILE         key file                       (default keys.yaml in the data directory)
  --issuer URL        trust tokens of this issuer    (with --audience; --jwks replaces discovery)
  --audience NAME     the audience its tokens must name
  --jwks URL|file:F   the issuer's keys
                      without one, on loopback, a document that takes tokens is tried: the gate
                      issues them itself, prints one, and gives others at POST /trial/token?scope=…
  --mode MODE         enforce or observe             (default enforce)
  --response MODE     report, redact or block        (default report)
  --role ROLE         all, control or gateway        (default all; see docs/guides/many-machines.md)
  --threads N         gateway threads                (default one per core)
  --quiet             say nothing when all is well
`;

export const checkUsage = `Usage: poorter check [OPENAPI | --config poorter.yaml] [--json]

  Takes the options of serve; reads everything that serve would read, serves nothing and writes
  nothing. Addresses to listen on are tried at another port: a port that is taken is found by serve.
  SQLite files are looked at; issuers, vaults and PostgreSQL are not asked.
`;

export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (parseJsonText(text) as { version: string }).version;
}
