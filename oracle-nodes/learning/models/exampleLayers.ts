import * as tfl from "@tensorflow/tfjs-layers";
import type * as tf from "@tensorflow/tfjs-core";
import { InputError } from "@concordat/protocol/errors";
import { BatchNormalization } from "./layers/batchNormalization.ts";
import { GroupNormalization } from "./layers/groupNormalization.ts";
import { LayerNormalization } from "./layers/layerNormalization.ts";
import type { ExampleLayer } from "../training/perExample.ts";
import { convExamples } from "../training/perExampleConv.ts";
import { denseExamples } from "../training/perExampleDense.ts";
import { normExamples } from "../training/perExampleNorm.ts";

/**
 * How the layers of a model that have weights give the gradients of their examples one by one.
 * @throws {InputError} for batch norm, where one example's gradient depends on the others, and for layers that are not known.
 */
export function exampleLayers(model: tfl.LayersModel): ReadonlyMap<tfl.layers.Layer, ExampleLayer> {
  return new Map(
    model.layers.filter(({ weights }) => weights.length > 0).map((layer) => [layer, exampleLayer(layer)]),
  );
}

function exampleLayer(layer: tfl.layers.Layer): ExampleLayer {
  if (layer instanceof BatchNormalization) {
    throw new InputError(`${layer.name} is batch norm, so gradients cannot be clipped record by record`, {
      hint: "Use GroupNormalization instead, or train without differential privacy",
    });
  }
  if (layer instanceof GroupNormalization || layer instanceof LayerNormalization)
    return normExamples(layer, (x) => layer.normalised(x));
  switch (layer.getClassName()) {
    case "Dense":
      return denseExamples(layer);
    case "Conv1D":
    case "Conv2D":
      return convExamples(layer);
    default:
      throw new InputError(
        `${layer.name} (${layer.getClassName()}) cannot be trained with clipped gradients`,
        {
          hint: "Use Dense, Conv1D, Conv2D, GroupNormalization or LayerNormalization",
        },
      );
  }
}

/** The output of a model in training, each layer with weights run as `run` says. */
export function forward(
  model: tfl.LayersModel,
  inputs: tf.Tensor,
  run: (layer: tfl.layers.Layer, x: tf.Tensor) => tf.Tensor | undefined,
): tf.Tensor {
  const outputs = new Map<tfl.layers.Layer, tf.Tensor>();
  let last = inputs;
  // Every layer is applied once, and after those it takes from: checkTopology has seen to it.
  for (const layer of model.layers) {
    const sources = layer.inboundNodes[0]?.inboundLayers ?? [];
    const given = sources.map((source) => outputs.get(source) ?? inputs);
    const [x = inputs] = given;
    const output =
      run(layer, x) ??
      (sources.length === 0 ? inputs : layer.apply(given.length === 1 ? x : given, { training: true }));
    last = output as tf.Tensor;
    outputs.set(layer, last);
  }
  return outputs.get(model.outputs[0]?.sourceLayer as tfl.layers.Layer) ?? last;
}
