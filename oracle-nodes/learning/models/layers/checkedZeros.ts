import * as tf from "@tensorflow/tfjs-core";
import { ArtifactError } from "@concordat/protocol/errors";
import { MANIFEST_LIMITS } from "@concordat/protocol/manifest/manifest";
import { elementCount } from "@concordat/protocol/artifacts/tensors";

/** What {@link CheckedZeros} knows of its weight: the name, and the shape where a manifest says it. */
export interface ExpectedWeight {
  readonly name: string;
  readonly expected?: readonly number[];
}

/** The initialiser of every weight: refuses an unexpected or oversized shape before it is allocated. */
export class CheckedZeros extends tf.serialization.Serializable {
  static readonly className = "CheckedZeros";
  readonly #config: ExpectedWeight;

  constructor(config: ExpectedWeight) {
    super();
    this.#config = config;
  }

  apply(shape: number[]): tf.Tensor {
    const { name, expected } = this.#config;
    if (expected !== undefined && expected.join() !== shape.join()) {
      throw new ArtifactError(
        `The tensor ${name} has [${expected.join(", ")}] in the manifest, but [${shape.join(", ")}] in the topology`,
      );
    }
    if (elementCount(shape) > MANIFEST_LIMITS.maxParameters) {
      throw new ArtifactError(
        `${name} has ${elementCount(shape)} parameters, but at most ${MANIFEST_LIMITS.maxParameters} are allowed`,
      );
    }
    return tf.zeros(shape);
  }

  fromConfigUsesCustomObjects(): boolean {
    return false;
  }

  getConfig(): tf.serialization.ConfigDict {
    return { name: this.#config.name, expected: [...(this.#config.expected ?? [])] };
  }
}
tf.serialization.registerClass(CheckedZeros);
