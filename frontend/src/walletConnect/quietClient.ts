import { SignClient } from "@walletconnect/sign-client";
import { BrowserStore } from "./browserStore.ts";

/** Where a site's WalletConnect messages go, and as which project. */
export interface RelayAccess {
  readonly projectId: string;
  readonly relayUrl: string;
}

export type QuietClient = Awaited<ReturnType<typeof SignClient.init>>;

/**
 * WalletConnect's client, which tells nobody but the relay anything, and the relay no more than it needs to carry sealed
 * messages from one topic's subscriber to another.
 */
export async function openQuietClient({ projectId, relayUrl }: RelayAccess): Promise<QuietClient> {
  const client = await SignClient.init({
    projectId,
    relayUrl,
    storage: new BrowserStore(),
    telemetryEnabled: false,
    logger: "silent",
    metadata: {
      name: "Concordat",
      description: "Federated learning whose rules are a contract",
      url: location.origin,
      icons: [],
    },
  });
  // It would show every proposal and request to a server of its maker in a frame, to have the site's name vouched for.
  client.core.verify.register = () => Promise.resolve("");
  // It would tell the relay in the clear which methods, contracts and transactions the sealed messages are about.
  const { relayer } = client.core;
  const publish = relayer.publish.bind(relayer);
  relayer.publish = (topic, message, { tvf: _tellTale, ...options } = {}) => publish(topic, message, options);
  return client;
}
