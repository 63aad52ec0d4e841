import type { Wallet } from "ethers";
import type { Logger } from "pino";
import type { NodeId } from "../../../protocol/ids.ts";
import type { ArtifactStore } from "../artifacts/artifactStore.ts";
import type { ChainGateway } from "../chain/chainGateway.ts";
import type { AggregationSessions } from "./aggregationSessions.ts";
import type { DataFolder } from "./dataFolder.ts";
import type { NodeConfig } from "./nodeConfig.ts";
import type { StatusBoard } from "./nodeStatus.ts";
import type { Pace } from "./pace.ts";
import type { Peers } from "./peers.ts";
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
