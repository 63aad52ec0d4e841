import { ArtifactError } from "@concordat/protocol/errors";
import type { MemberId } from "@concordat/protocol/ids";
import { elementCount, type TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { createPacer } from "./pacer.ts";
import type { Update } from "./rule.ts";

/** Updates that can be aggregated, and those that cannot with the reason, each in the order given. */
export interface Partition {
  readonly usable: readonly Update[];
  readonly unusable: readonly { readonly memberId: MemberId; readonly reason: ArtifactError }[];
}

/** Separates the updates that have the manifest's tensors, all finite, from those that are left out of the round. */
export async function partitionUsable(
  updates: readonly Update[],
  specs: readonly TensorSpec[],
): Promise<Partition> {
  const usable: Update[] = [];
  const unusable: { memberId: MemberId; reason: ArtifactError }[] = [];
  const pace = createPacer();
  for (const update of updates) {
    try {
      assertUsable(update, specs);
      usable.push(update);
    } catch (reason) {
      if (!(reason instanceof ArtifactError)) throw reason;
      unusable.push({ memberId: update.memberId, reason });
    }
    await pace();
  }
  return { usable, unusable };
}

/**
 * Checks that an update has exactly the tensors of `specs`, in that order, and that every value is finite.
 * @throws {ArtifactError} naming the member, the tensor and what is wrong with it.
 */
export function assertUsable({ memberId, tensors }: Update, specs: readonly TensorSpec[]): void {
  const refuse = (problem: string): never => {
    throw new ArtifactError(`The update of member ${memberId} cannot be aggregated: ${problem}`, {
      facts: { memberId },
    });
  };
  if (tensors.length !== specs.length) refuse(`it has ${tensors.length} tensors, not ${specs.length}`);
  for (const [index, { name, shape, data }] of tensors.entries()) {
    const spec = specs[index];
    if (name !== spec?.name) return refuse(`tensor ${index} is "${name}", not "${spec?.name}"`);
    if (
      shape.length !== spec.shape.length ||
      shape.some((dimension, axis) => dimension !== spec.shape[axis])
    ) {
      refuse(`tensor "${name}" has shape [${shape}], not [${spec.shape}]`);
    }
    if (data.length !== elementCount(shape)) {
      refuse(`tensor "${name}" of shape [${shape}] has ${data.length} values`);
    }
    const bad = firstNonFinite(data);
    if (bad >= 0) refuse(`tensor "${name}" holds ${data[bad]} at index ${bad}`);
  }
}

/** Index of the first NaN or infinity, or -1. */
function firstNonFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}
