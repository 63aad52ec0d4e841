import type { Logger } from "pino";
import type { MemberId, TaskId } from "@concordat/protocol/ids";
import { type TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { type LearningTask } from "@concordat/learning/tasks/loadTask";
import { ErrorFeedback } from "../rounds/errorFeedback.ts";
import { LastTraining } from "../rounds/lastTraining.ts";
import { ReceivedBytes } from "../rounds/receivedBytes.ts";
import { SignedResults } from "../rounds/signedResults.ts";
import { type TaskData } from "./taskData.ts";

/** A task that this node serves: its terms, manifest, data and model, and what the node has signed for it. */
export interface ServedTask {
  readonly taskId: TaskId;
  readonly memberId: MemberId;
  readonly terms: TaskTerms;
  readonly manifest: TaskManifest;
  readonly learning: LearningTask;
  readonly data: TaskData;
  /** Bytes that no model of this task exceeds, and no update. */
  readonly maxBytes: number;
  readonly maxUpdateBytes: number;
  readonly signed: SignedResults;
  readonly received: ReceivedBytes;
  /** Bytes that the node sent to others since this was asked last, in all its tasks: one artifact may serve two. */
  readonly sentBytes: () => number;
  /** The training whose update is not stored yet. */
  readonly trained: LastTraining;
  /** What the node keeps of its compressed updates. */
  readonly feedback: ErrorFeedback;
  /** Folder for what the node keeps of this task. */
  readonly dir: string;
  readonly logger: Logger;
}
