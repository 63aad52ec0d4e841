import type { DappConfig } from "../config/dappConfig.ts";
import type { FederationState } from "@concordat/protocol/history/federationState";
import { isLoopback } from "../config/isLoopback.ts";

/** A place that serves artifacts by their content. */
export interface Gateway {
  readonly origin: string;
  /** Undefined where it is configured rather than a node's. */
  readonly nodeId: number | undefined;
  /** Why the page cannot ask it; undefined where it can. */
  readonly unreachable: string | undefined;
}

const ADDRESS =
  /^\/(ip4|ip6|dns|dns4|dns6)\/([0-9A-Za-z.:-]{1,253})\/tcp\/([1-9]\d{0,4})\/(http|https|tls\/http)$/;

/** The HTTP gateways in a node's endpoint string, which is nobody's promise; what is malformed is left out. */
export function gatewayOrigins(endpoints: string): readonly string[] {
  return endpoints
    .slice(0, 512)
    .split(" ")
    .flatMap((address) => {
      const [, kind, host = "", port, protocol] = ADDRESS.exec(address) ?? [];
      if (kind === undefined) return [];
      const scheme = protocol === "http" ? "http" : "https";
      const text = `${scheme}://${kind === "ip6" ? `[${host}]` : host}:${port}`;
      return URL.canParse(text) ? [new URL(text).origin] : [];
    });
}

/** Every gateway that the page knows: the configured ones, then those that members of the registry name. */
export function knownGateways(
  config: DappConfig,
  federation: FederationState,
  page: URL,
): readonly Gateway[] {
  const configured = config.gateways.map((origin) => ({ origin: new URL(origin).origin, nodeId: undefined }));
  const registered = [...federation.nodes.values()]
    .filter(({ isMember }) => isMember)
    .flatMap(({ nodeId, endpoints }) => gatewayOrigins(endpoints).map((origin) => ({ origin, nodeId })));
  return [
    ...configured.map((gateway) => ({ ...gateway, unreachable: whyUnreachable(gateway.origin, page) })),
    ...registered.map((gateway) => ({
      ...gateway,
      unreachable: config.registryGateways
        ? whyUnreachable(gateway.origin, page)
        : "this page’s configuration does not allow gateways from the registry",
    })),
  ];
}

function whyUnreachable(origin: string, page: URL): string | undefined {
  const { protocol } = new URL(origin);
  return page.protocol === "https:" && protocol === "http:" && !isLoopback(origin)
    ? "browsers forbid a page that was loaded by https to ask a gateway by http"
    : undefined;
}
