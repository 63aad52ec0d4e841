import type { Wallet } from "ethers";
import type { Logger } from "pino";
import type { NodeId } from "@concordat/protocol/ids";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import type { AggregationSessions } from "./rounds/aggregationSessions.ts";
import type { DataFolder } from "./setup/dataFolder.ts";
import type { NodeConfig } from "./setup/nodeConfig.ts";
import type { StatusBoard } from "./status/nodeStatus.ts";
import type { Pace } from "./rounds/pace.ts";
import type { Peers } from "./serving/peers.ts";
import type { PrivacyLedger } from "./privacyLedger.ts";

/** What all tasks of one node share. */
export interface Services {
  readonly config: NodeConfig;
  readonly nodeId: NodeId;
  readonly chain: ChainGateway;
  readonly store: ArtifactStore;
  readonly signer: Wallet;
  readonly peers: Peers;
  readonly sessions: AggregationSessions;
  readonly pace: Pace;
  readonly folder: DataFolder;
  /** Names the deployment in the node's folder: a chain that was started anew is another one. */
  readonly deployment: string;
  readonly board: StatusBoard;
  readonly ledger: PrivacyLedger;
  readonly logger: Logger;
}
