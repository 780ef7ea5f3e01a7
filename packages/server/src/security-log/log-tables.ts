/** The tables of the log database. */
export interface LogTables {
  log_node: { node: string; epoch: number; size: number; dropped: number };
  log_bundle: {
    node: string;
    first: number;
    from_time: string;
    to_time: string;
    terms: Uint8Array;
    leaves: Uint8Array;
  };
  log_tail: { node: string; first: number; leaves: Uint8Array; hashes: Uint8Array };
  log_tile: { node: string; level: number; number: number; hashes: Uint8Array };
  log_checkpoint: { node: string; size: number; note: string; made_at: number };
  log_cursor: { node: string; source: string; position: string };
}
