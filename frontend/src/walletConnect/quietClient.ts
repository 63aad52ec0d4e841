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
  connectOneByOne(relayer as unknown as Connecting);
  return client;
}

/** What the relayer's type keeps to itself. */
interface Connecting {
  readonly connected: boolean;
  connect(relayUrl?: string): Promise<void>;
}

/**
 * Lets the client connect only once its last attempts have ended. They go on for some seconds after its owner has closed the
 * transport, and each puts its socket in the place of the one before, which then still gets the messages, and loses them.
 */
function connectOneByOne(relayer: Connecting): void {
  const connect = relayer.connect.bind(relayer);
  let last: Promise<void> = Promise.resolve();
  relayer.connect = (relayUrl) => {
    const next = last.then(() => (relayer.connected ? undefined : connect(relayUrl)));
    last = next.catch(() => undefined);
    return next;
  };
}
