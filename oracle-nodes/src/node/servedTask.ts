import type { Logger } from "pino";
import type { MemberId, TaskId } from "../../../protocol/ids.ts";
import { type TaskManifest } from "../../../protocol/manifest.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";
import { type LearningTask } from "../learning/loadTask.ts";
import { ErrorFeedback } from "./errorFeedback.ts";
import { LastTraining } from "./lastTraining.ts";
import { ReceivedBytes } from "./receivedBytes.ts";
import { SignedResults } from "./signedResults.ts";
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
