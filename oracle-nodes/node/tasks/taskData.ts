import { type Samples } from "@concordat/learning/data/samples";

/** What a node trains on, and what negotiation scores: never the split that is reported. */
export interface TaskData {
  readonly train: Samples;
  readonly validation: Samples;
  /** Takes up, between rounds, what came into a folder that is the node's own. */
  refresh(): Promise<void>;
}
