const WIDTH = 30;

/** A line that shows how far a download is: a bar where the size is known, else only what has come. */
export function progressLine(file: string, received: number, total: number | undefined): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
  if (total === undefined || total === 0) return `${file}  ${megabytes(received)} MB`;
  const share = Math.min(1, received / total);
  const bar = "#".repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, "-");
  return `${file}  [${bar}] ${Math.floor(100 * share)} %  ${megabytes(received)} of ${megabytes(total)} MB`;
}
