/** Files beside the page that public/early.js has asked for before the page's scripts were here, by their names. */
type EarlyFiles = Partial<Record<string, Promise<Response>>>;

/** The answer for a file that was asked for early, once; undefined for any other. */
export function takeEarlyFile(name: string): Promise<Response> | undefined {
  const files = (globalThis as { readonly concordatEarly?: EarlyFiles }).concordatEarly;
  const file = files?.[name];
  if (files !== undefined) delete files[name];
  return file;
}
