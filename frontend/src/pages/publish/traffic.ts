import { maxArtifactBytes } from "../../../../protocol/artifact.ts";
import { maxUpdateBytes } from "../../../../protocol/compressedUpdate.ts";
import type { CompressionTerms } from "../../../../protocol/compressionTerms.ts";
import { roundTraffic, type NodeTraffic } from "../../../../protocol/roundTraffic.ts";
import { committeeSize } from "../../../../protocol/rules/committeeElection.ts";
import type { TensorSpec } from "../../../../protocol/tensors.ts";

/** What a round costs on the wire, in bytes. */
export interface Traffic {
  readonly update: number;
  /** The same update without compression. */
  readonly whole: number;
  readonly nodes: number;
  /** Of a node outside of the committee, and of one in it. */
  readonly trainer: NodeTraffic;
  readonly member: NodeTraffic;
}

/** Estimates a round's traffic per node, at most, where this many nodes take part and nothing goes wrong. */
export function traffic(
  tensors: readonly TensorSpec[],
  compression: CompressionTerms,
  { nodes, gammaBps }: { readonly nodes: number; readonly gammaBps: number },
): Traffic {
  const update = maxUpdateBytes(tensors, compression);
  const committee = committeeSize(gammaBps, nodes);
  return {
    update,
    whole: maxUpdateBytes(tensors, { kind: "none" }),
    nodes,
    ...roundTraffic({ update, global: maxArtifactBytes(tensors), nodes, committee }),
  };
}
