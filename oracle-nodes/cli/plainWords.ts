/** Words of the table of terms inside a line: plain characters, and no capital but that of a name. */
export function plainWords(text: string): string {
  const isName = !/^(?:A|[A-Z][a-z]+)\b/.test(text) || text.startsWith("Krum");
  const small = isName ? text : text.charAt(0).toLowerCase() + text.slice(1);
  return small.replaceAll("’", "'").replaceAll("−", "-");
}
