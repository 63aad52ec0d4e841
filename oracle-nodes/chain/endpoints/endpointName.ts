/** What may be printed of an endpoint: scheme, host and port. Keys stand in the path, the query or before the host. */
export function endpointName(url: string): string {
  if (!URL.canParse(url)) return "the endpoint";
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** Shortest part of a URL that can be a key; shorter ones ("v2", "rpc") are words. */
const MIN_SECRET = 6;

/** Parts of endpoint addresses that may be keys: credentials, segments of the path, values of the query, the fragment. */
function secretsOf(url: string): string[] {
  if (!URL.canParse(url)) return [];
  const { username, password, pathname, searchParams, hash, search } = new URL(url);
  const parts = [
    username,
    password,
    ...pathname.split("/"),
    search.slice(1),
    ...searchParams.values(),
    hash.slice(1),
  ];
  return parts
    .flatMap((part) => [part, safeDecode(part)])
    .filter((part) => part.length >= MIN_SECRET)
    .toSorted((a, b) => b.length - a.length);
}

/** A part of a URL decoded; as it is where it is malformed. */
export function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A function that takes an endpoint's keys out of texts that it sent, since some repeat what they were asked with. */
export function secretRemover(url: string): (text: string) => string {
  const secrets = secretsOf(url);
  return (text) => {
    let clean = text.replaceAll(url, endpointName(url));
    for (const secret of secrets) clean = clean.replaceAll(secret, "***");
    return clean;
  };
}
