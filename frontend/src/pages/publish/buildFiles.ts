import { ConcordatError } from "@concordat/protocol/errors";
import { makeTaskFiles } from "@concordat/learning/tasks/taskFiles";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { startingModel } from "#learning/startingModel.ts";
import type { PrivacyAnswer } from "./accountant.ts";
import type { Draft } from "./draft.ts";
import { draftContent, draftTraining } from "./draftContent.ts";
import { draftDataset } from "./draftDataset.ts";
import { draftTopology } from "./draftModel.ts";
import { privacyRequest } from "./draftPrivacy.ts";
import type { PrivacyRequest } from "./draftPrivacy.ts";
import { tryDraft } from "./tryDraft.ts";

/**
 * Makes the manifest and the initial model that a draft without faults asks for, after a step of the task was tried.
 * @param ask The accountant, who finds the noise where a budget is named.
 * @throws {TrialRefusedError} when the task fails at its first step; {ConcordatError} when the model cannot be run, or no noise keeps within the privacy budget.
 */
export async function buildFiles(
  draft: Draft,
  ask: (request: PrivacyRequest) => Promise<PrivacyAnswer>,
): Promise<TaskFiles> {
  const { terms: dataset } = draftDataset(draft);
  if (dataset === undefined) throw new ConcordatError("The data is not described");
  const { topology, fault } = draftTopology(draft, dataset);
  if (topology === undefined) throw new ConcordatError(fault);
  const model = await startingModel(topology, dataset, Number(draft.seed));
  const request = privacyRequest(draft, dataset);
  const { terms: privacy } = request.budget === undefined ? request : await ask(request);
  await tryDraft({ model: model.model, dataset, training: draftTraining(draft), privacy });
  return makeTaskFiles(draftContent(draft, dataset, privacy), model);
}
