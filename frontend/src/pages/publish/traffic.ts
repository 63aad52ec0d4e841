import { maxArtifactBytes } from "@concordat/protocol/artifacts/artifact";
import { maxUpdateBytes } from "@concordat/protocol/artifacts/compressedUpdate";
import type { CompressionTerms } from "@concordat/protocol/manifest/compressionTerms";
import { roundTraffic, type NodeTraffic } from "@concordat/protocol/rules/roundTraffic";
import { committeeSize } from "@concordat/protocol/rules/committeeElection";
import type { TensorSpec } from "@concordat/protocol/artifacts/tensors";

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
