import { decisionOf, missingText, shapeOf, statusOf } from '../record-words.ts';
import { isDenied, namesOf, type SiemRecord, titleOf } from './siem-record.ts';

/** Facility "log audit" (RFC 5424 §6.2.1). */
const FACILITY = 13;
const WARNING = 4;
const INFORMATIONAL = 6;

/** ArcSight Common Event Format, version 0. */
export function toCef(record: SiemRecord): string {
  const { leaf, index, node, version } = record;
  const { client, subject, address, credential, isAddress } = namesOf(record);
  const severity = leaf.type === 'gap' ? 8 : isDenied(leaf) ? 5 : 2;
  const signature = leaf.code ?? decisionOf(leaf) ?? leaf.type;
  const head = ['CEF:0', 'Poorter', 'Poorter', version, signature, titleOf(leaf), String(severity)];
  const fields: [string, string | number | null | undefined][] = [
    ['rt', Date.parse(leaf.time)],
    ['externalId', `${node}/${index}`],
    ['dvchost', node],
    [isAddress ? (address?.includes(':') ? 'c6a2' : 'src') : 'shost', address],
    ['c6a2Label', isAddress && address?.includes(':') ? 'Source IPv6 Address' : null],
    ['suser', subject],
    ['sourceServiceName', client],
    ['requestMethod', leaf.method],
    ['request', leaf.path ?? shapeOf(leaf)],
    ['act', decisionOf(leaf)],
    ['outcome', statusOf(leaf)],
    ['reason', leaf.code],
    ['in', leaf.bytesIn],
    ['out', leaf.bytesOut],
    ['cs1', leaf.api],
    ['cs1Label', leaf.api ? 'api' : null],
    ['cs2', leaf.operation],
    ['cs2Label', leaf.operation ? 'operation' : null],
    ['cs3', leaf.id],
    ['cs3Label', leaf.id === undefined ? null : 'call'],
    ['cs4', credential],
    ['cs4Label', credential === null ? null : 'credential'],
    ['cs5', missingText(leaf)],
    ['cs5Label', missingText(leaf) === null ? null : 'missing'],
    ['cnt', leaf.count],
    ['cat', leaf.type],
  ];
  const extension = fields.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`${name}=${escapeExtension(String(value))}`],
  );
  return [
    ...head.map((field, at) => (at === 0 ? field : escapeHead(field))),
    extension.join(' '),
  ].join('|');
}

/** RFC 5424, framed by its length (RFC 6587 §3.4.1, RFC 5425 §4.3). */
export function toSyslogFrame(record: SiemRecord): Buffer {
  const { leaf, node } = record;
  const isNotable = isDenied(leaf) || leaf.type === 'gap';
  const priority = FACILITY * 8 + (isNotable ? WARNING : INFORMATIONAL);
  const host = node.slice(0, 255);
  // The byte order mark says UTF-8 (§6.4).
  const message = `<${priority}>1 ${leaf.time} ${host} poorter - ${leaf.type} - \ufeff${toCef(record)}`;
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

function escapeHead(text: string): string {
  return text.replace(/[\\|]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}

function escapeExtension(text: string): string {
  return text.replace(/[\\=]/g, '\\$&').replace(/\r/g, '\\r').replace(/\n/g, '\\n');
}
