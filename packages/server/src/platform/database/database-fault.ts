import { certificateFault } from '../certificates/index.ts';

/** Why a database could not be asked, for whoever looks after it. */
export function databaseFault(error: unknown): string {
  const distrust = certificateFault(error, 'the PEM file of sslrootcert in storage');
  return distrust ?? (error as Error).message;
}
