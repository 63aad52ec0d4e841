import type { Hex } from "viem";
import { useConnection } from "wagmi";
import { useFederation, useFederationState } from "../chain/useFederation.ts";
import type { NodeRecord } from "@concordat/protocol/history/federationState";

/** The type of the connector that connects as a Safe. */
export const SAFE = "safe";

/** Who looks at the page. */
export interface Wallet {
  /** Undefined where no wallet is connected. */
  readonly account: Hex | undefined;
  readonly walletChainId: number | undefined;
  /** It is a Safe in whose frame this page stands: it is on one chain for ever, and others may own it too. */
  readonly isSafe: boolean;
  /** Connected, but to another chain than the page shows. */
  readonly wrongNetwork: boolean;
  /** The node that the account operates and that is a member. */
  readonly ownNode: NodeRecord | undefined;
  /** Nodes that the account once operated: what they staked and earned is still its own. */
  readonly formerNodes: readonly NodeRecord[];
}

export function useWallet(): Wallet {
  const { store } = useFederation();
  const { federation } = useFederationState();
  const { address, chainId, connector } = useConnection();
  const operated = [...federation.nodes.values()].filter(
    ({ operator }) => operator.toLowerCase() === address?.toLowerCase(),
  );
  return {
    account: address,
    walletChainId: chainId,
    isSafe: connector?.type === SAFE,
    wrongNetwork: address !== undefined && chainId !== store.network.chainId,
    ownNode: operated.find(({ isMember }) => isMember),
    formerNodes: operated.filter(({ isMember }) => !isMember),
  };
}
