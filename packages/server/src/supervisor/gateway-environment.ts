import { SMALL_NURSERY } from '../platform/processes/index.ts';

/**
 * What the process that faces callers may know of the environment. Secrets live there too: master
 * keys, database URLs, and whatever else the operator's other programs were given. Everything that
 * the gateway needs of those reaches it, resolved, in its snapshot; hence a list of what passes.
 */
const PASSED: ReadonlySet<string> = new Set([
  // Where programs, people's settings and scratch space are.
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TMP', 'TEMP', 'SystemRoot', 'PWD'],
  ...['LANG', 'LANGUAGE', 'TZ', 'NO_COLOR', 'FORCE_COLOR', 'TERM'],
  // How Node, OpenSSL, the resolver and the loader behave.
  ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'NODE_NO_WARNINGS'],
  ...['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE', 'NODE_V8_COVERAGE', 'NODE_PATH'],
  ...['UV_THREADPOOL_SIZE', 'UV_USE_IO_URING', 'OPENSSL_CONF', 'OPENSSL_MODULES'],
  ...['RES_OPTIONS', 'LOCALDOMAIN', 'HOSTALIASES', 'LD_PRELOAD', 'LD_LIBRARY_PATH'],
]);

/** glibc's allocator and the locale have a variable for each of their settings. */
const PASSED_FAMILY = /^(?:MALLOC_[A-Z_]+|LC_[A-Z]+|SSL_CERT_(?:FILE|DIR))$/;

/** By convention these hold the path of a thing and not the thing, and an absolute path it must be. */
const PATH_NAME = /_(?:FILE|DIR|PATH)$/;
const ABSOLUTE_PATH = /^\/[^\s:@]*$/;

/**
 * glibc keeps what is freed, the more the larger it was: it raises its threshold for pages of their
 * own to the largest block it has seen. Bodies then return to it and never to the system, nor does what
 * control has compiled.
 */
export const ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
};

/** Options of Node for a gateway: its main thread serves no calls. */
export const GATEWAY_OPTIONS = [SMALL_NURSERY];

export function gatewayEnvironment(whole: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = Object.entries(whole).filter(
    ([name, value]) =>
      PASSED.has(name) ||
      PASSED_FAMILY.test(name) ||
      (PATH_NAME.test(name) && ABSOLUTE_PATH.test(value ?? '')),
  );
  return { ...ALLOCATOR, ...Object.fromEntries(passed) };
}
