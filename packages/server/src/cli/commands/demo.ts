import { defineCommand } from '../definition/define-command.ts';

export const command = defineCommand({
  name: 'demo',
  purpose: 'run a flow of the authorization server for real, and show each message',
  about:
    'Against the server that `npm start` started, with clients and people that it made. The person is played, with a passkey in software, unless --browser says that you take that part yourself: sign up first by the link that `npm start` printed. What opens something is cut short.',
  arguments: {
    flow: {
      value: 'FLOW',
      oneOf: ['redirect', 'embedded', 'device', 'decoupled', 'machine', 'payment'],
      says: 'what is run: an application that sends you to sign in, one that signs you in itself, a device that shows a code, a till that asks you elsewhere, a program that acts for itself, a payment that you approve',
    },
  },
  options: {
    browser: { says: 'you take the part of the person, in your browser' },
    data: {
      value: 'DIR',
      path: 'directory',
      says: 'data directory of the running server',
      variable: 'POORTER_DATA',
      default: './poorter-data',
    },
  },
  examples: [
    {
      line: 'poorter demo payment',
      says: 'a payment is approved, made once, and neither for a cent more nor twice',
    },
  ],
  run: async (given, world) => (await import('../demo/demo.ts')).runDemo(given, world),
});
