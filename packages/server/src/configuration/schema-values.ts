import { z } from 'zod';
import { OPERATOR_ROLE_NAMES } from '../messages/operator-roles.ts';
import { portFault } from '../platform/addresses/index.ts';
import { baseUrlFault, HOST_NAME } from './addresses.ts';

const PORT_MAX = 65_535;

/** host:port, with brackets around an IPv6 host. Port 0 takes a free one. */
export const address = z
  .string()
  .regex(/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/, {
    error: 'is not host:port',
    abort: true,
  })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= PORT_MAX, {
    error: `has a port above ${PORT_MAX}`,
  });

export const NOT_A_URL = 'is not an http or https URL, such as http://127.0.0.1:3000';

export const url = z.url({
  protocol: /^https?$/,
  error: ({ input }) => portFault(String(input)) ?? NOT_A_URL,
});

export const baseUrl = url.refine((text) => baseUrlFault(text) === null, {
  error: ({ input }) => baseUrlFault(String(input)) ?? NOT_A_URL,
});

export const hostName = z.string().regex(HOST_NAME, {
  error: ({ input }) =>
    `'${String(input)}' is not a host name without port, such as api.example, nor an IP address: no call can have it`,
});

export const file = z.string().min(1);

export const milliseconds = z.int().min(1).max(3_600_000);

export const bytes = z
  .int()
  .min(0)
  .max(2 ** 31);

/** Of a certificate. */
const serverName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
    'is not a host name, such as api.example',
  );

/** How another machine is known over TLS, and we to it. */
export const clientTls = (other: string, nameUsed: string) =>
  z.strictObject({
    authorities: z
      .array(file)
      .default([])
      .describe('PEM files trusted instead of the system store.'),
    certificate: file.optional().describe(`PEM file: certificate shown to the ${other}.`),
    key: file.optional().describe('PEM file: its private key.'),
    serverName: serverName.optional().describe(nameUsed),
  });

/** Those of operators stand behind a prefix of their own: a role of an API gives nothing here. */
export const roleName = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !name.startsWith('poorter:') || OPERATOR_ROLE_NAMES.includes(name), {
    error: `is no role of operators: ${OPERATOR_ROLE_NAMES.join(', ')}`,
  });
