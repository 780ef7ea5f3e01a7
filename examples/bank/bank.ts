import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The service behind the demo: a bank that trusts every caller completely, as services behind a
 * gate too often do. It even answers with a field that its description does not mention.
 */
export async function startBank(port = 0): Promise<{ server: Server; url: string }> {
  const bank = openBank();
  const server = createServer((request, response) => void serve(bank, request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${address.port}` };
}

function openBank() {
  const accounts = [
    account('acc-1001', 'BE71096123456769', 'An Peeters', 2_540.12, '85.07.30-033.28'),
    account('acc-1002', 'NL91ABNA0417164300', 'Jan de Vries', 310, '123456782'),
  ];
  return { accounts, payments: new Map<string, object>() };
}

function account(
  accountId: string,
  iban: string,
  owner: string,
  amount: number,
  nationalNumber: string,
) {
  return {
    accountId,
    iban,
    owner,
    status: 'open',
    balance: { amount, currency: 'EUR' },
    nationalNumber,
  };
}

const TRANSACTIONS = [
  {
    transactionId: 'trx-1',
    bookedOn: '2026-11-19',
    status: 'booked',
    amount: { amount: -24.9, currency: 'EUR' },
    counterparty: 'Bakkerij Het Zoete Brood',
    remittance: 'Bestelling 1234',
  },
  {
    transactionId: 'trx-2',
    bookedOn: '2026-11-20',
    status: 'pending',
    amount: { amount: 1_900, currency: 'EUR' },
    counterparty: 'Werkgever NV',
  },
];

async function serve(
  bank: ReturnType<typeof openBank>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://bank');
  const [, , first, id, last, freeze] = pathname.split('/');
  const known = bank.accounts.find((one) => one.accountId === (first === 'admin' ? last : id));
  if (first === 'health') return reply(response, 200, { status: 'ok' });
  if (first === 'accounts' && id === undefined) {
    const accounts = bank.accounts.map(({ nationalNumber: _, ...shown }) => shown);
    return reply(response, 200, { accounts });
  }
  if (first === 'accounts' && known !== undefined && last === 'transactions') {
    return reply(response, 200, { transactions: TRANSACTIONS });
  }
  if (first === 'accounts' && known !== undefined && last === undefined)
    return reply(response, 200, known);
  if (first === 'approved-payments' || (first === 'payments' && request.method === 'POST')) {
    const wish = JSON.parse(await text(request)) as Record<string, unknown>;
    const payment = {
      paymentId: randomUUID(),
      status: 'received',
      instructedAmount: wish['instructedAmount'],
      creditorName: wish['creditorName'],
    };
    // A demo forgets old payments rather than growing without end.
    if (bank.payments.size >= 1_000) bank.payments.clear();
    bank.payments.set(payment.paymentId, payment);
    return reply(response, 201, payment);
  }
  if (first === 'payments') {
    const payment = bank.payments.get(id ?? '');
    if (payment !== undefined) return reply(response, 200, payment);
  }
  if (first === 'admin' && freeze === 'freeze' && known !== undefined) {
    known.status = 'frozen';
    const { nationalNumber: _, ...shown } = known;
    return reply(response, 200, shown);
  }
  return reply(response, 404, { title: 'Not found', status: 404 }, 'application/problem+json');
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  type = 'application/json',
): void {
  response.writeHead(status, { 'content-type': type });
  response.end(JSON.stringify(body));
}
