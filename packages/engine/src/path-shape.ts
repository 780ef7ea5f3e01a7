const SEGMENTS_MAX = 16;
const WORD_CHARS_MAX = 40;

/** What strangers look for wherever they come: no person's name or number. */
const SOUGHT = new Set(
  '.aws .env .git .htaccess .ssh .svn .well-known actuator admin admin.php api auth backup cgi-bin config config.json console debug docs env favicon.ico graphiql graphql health healthz index.html index.php internal jenkins live login logout manager metrics oauth oauth2 openapi.json openapi.yaml phpmyadmin ping private public ready readyz register rest robots.txt root server-status signin signup sitemap.xml soap static status swagger swagger-ui swagger-ui.html swagger.json test token users version wp-admin wp-content wp-includes wp-json wp-login.php xmlrpc.php'.split(
    ' ',
  ),
);

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^$/, ''],
  [/^-?\d{1,40}$/, '{number}'],
  [/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, '{uuid}'],
  [/^\d{4}-\d\d-\d\d(?:t.*)?$/i, '{date}'],
  [/^[^@]+@[^@]+$/, '{email}'],
  [/^(?=.*\d)[0-9a-f]{8,}$/i, '{hex}'],
  [/^\p{L}+$/u, '{word}'],
  [/^[\p{L}\p{N}_.~-]+$/u, '{name}'],
];

/**
 * A path that is documented nowhere, as records may keep it: words that stand in a description, or that
 * everybody knows, as they are; of everything else only the kind. A user's name is a word, too.
 */
export function pathShape(path: string, documented: ReadonlySet<string>): string {
  const segments = path.split('/').slice(1);
  const shapes = segments
    .slice(0, SEGMENTS_MAX)
    .map((segment) => (isKnown(segment, documented) ? segment : kindOf(segment)));
  if (segments.length > SEGMENTS_MAX) shapes.push('…');
  return `/${shapes.join('/')}`;
}

/** The fixed parts of path templates. */
export function wordsOf(templates: Iterable<string>): Set<string> {
  const words = new Set<string>();
  for (const template of templates) {
    for (const segment of template.split('/')) {
      if (segment !== '' && !segment.includes('{')) words.add(segment);
    }
  }
  return words;
}

function isKnown(segment: string, documented: ReadonlySet<string>): boolean {
  if (segment.length > WORD_CHARS_MAX) return false;
  return documented.has(segment) || SOUGHT.has(segment) || /^(?:[a-z]|v\d{1,2})$/.test(segment);
}

function kindOf(segment: string): string {
  // What was escaped is compared as what it means.
  const text = decoded(segment.slice(0, 256));
  return KINDS.find(([pattern]) => pattern.test(text))?.[1] ?? '{other}';
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
