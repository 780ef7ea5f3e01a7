/** Only these TLS 1.2 suites: forward secrecy and authenticated encryption. RFC 9325 §4.2, FAPI 2.0 §5.2.2. */
const TLS12 =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';

/** What is spoken wherever strangers knock, in our order. */
export const TLS_SUITES = {
  ciphers: `TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:${TLS12}`,
  honorCipherOrder: true,
} as const;
