import type { HeliaInit } from "helia";

type Metrics = NonNullable<HeliaInit["metrics"]>;

/** What Helia's bitswap calls the bytes of blocks that it has sent. */
const SENT = "helia_bitswap_sent_data_bytes_total";
const nothing = (): void => undefined;
const IGNORED = {
  update: nothing,
  increment: nothing,
  decrement: nothing,
  reset: nothing,
  observe: nothing,
  timer: () => nothing,
};

/** Meters for Helia, of which all are ignored but the one of blocks that bitswap sends. */
export function bitswapMeter(onSent: (bytes: number) => void): Metrics {
  const ignored = () => IGNORED;
  const meters = {
    trackMultiaddrConnection: nothing,
    trackProtocolStream: nothing,
    registerMetric: ignored,
    registerMetricGroup: ignored,
    registerCounter: (name: string) =>
      name === SENT ? { increment: (bytes = 1) => onSent(bytes), reset: nothing } : IGNORED,
    registerCounterGroup: ignored,
    registerHistogram: ignored,
    registerHistogramGroup: ignored,
    registerSummary: ignored,
    registerSummaryGroup: ignored,
    traceFunction: (_name: string, traced: unknown) => traced,
    createTrace: nothing,
  };
  // The interface is overloaded for meters that are asked instead of told, of which bitswap has none.
  return meters as unknown as Metrics;
}
