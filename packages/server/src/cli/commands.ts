import type { CommandList } from './definition/run-command.ts';

/** In the order of help. A command is a file, loaded when it is asked for. */
export const commands: CommandList = {
  serve: async () => (await import('./commands/serve.ts')).command,
  check: async () => (await import('./commands/check.ts')).command,
  keys: async () => (await import('./commands/keys.ts')).command,
  blocks: async () => (await import('./commands/blocks.ts')).command,
  clients: async () => (await import('./commands/clients.ts')).command,
  accounts: async () => (await import('./commands/accounts.ts')).command,
  issuer: async () => (await import('./commands/issuer.ts')).command,
  gateways: async () => (await import('./commands/gateways.ts')).command,
  operators: async () => (await import('./commands/operators.ts')).command,
  subjects: async () => (await import('./commands/subjects.ts')).command,
  log: async () => (await import('./commands/log.ts')).command,
  backup: async () => (await import('./commands/backup.ts')).command,
  restore: async () => (await import('./commands/restore.ts')).command,
  'master-key': async () => (await import('./commands/master-key.ts')).command,
  scan: async () => (await import('./commands/scan.ts')).command,
  apply: async () => (await import('./commands/apply.ts')).command,
  demo: async () => (await import('./commands/demo.ts')).command,
  status: async () => (await import('./commands/status.ts')).command,
  completion: async () => (await import('./commands/completion.ts')).completionOf(commands),
  help: async () => (await import('./commands/help.ts')).helpOn(commands),
  version: async () => (await import('./commands/version.ts')).command,
};
